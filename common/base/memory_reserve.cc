#include "common/base/memory_reserve.h"

#include <cstdlib>
#include <new>

#include "common/base/check.h"

namespace roost {

std::atomic<bool> MemoryReserve::low{false};
std::atomic<MemoryReserve*> MemoryReserve::installed{nullptr};

MemoryReserve::MemoryReserve() {
  ROOST_CHECK(installed.exchange(this) == nullptr);
  take_all();
  std::set_new_handler(on_failure);
}

MemoryReserve::~MemoryReserve() {
  std::set_new_handler(nullptr);
  installed = nullptr;
  while (release_part()) {
  }
  low = false;
}

// Runs inside an allocation, with whatever locks its caller holds: so it does nothing but this.
void MemoryReserve::on_failure() {
  low.store(true, std::memory_order_relaxed);
  MemoryReserve* reserve = installed.load();
  if (reserve == nullptr || !reserve->release_part()) throw std::bad_alloc();
}

bool MemoryReserve::release_part() {
  for (std::atomic<void*>& part : parts_) {
    void* taken = part.exchange(nullptr);
    if (taken == nullptr) continue;
    std::free(taken);
    return true;
  }
  return false;
}

bool MemoryReserve::refill() {
  MemoryReserve* reserve = installed.load();
  if (reserve == nullptr || !reserve->take_all()) return false;
  low.store(false, std::memory_order_relaxed);
  return true;
}

// By malloc, which does not call the handler, and which finds what was freed inside the heap too.
bool MemoryReserve::take_all() {
  for (std::atomic<void*>& part : parts_) {
    if (part.load() != nullptr) continue;
    void* taken = std::malloc(kPartBytes);
    if (taken == nullptr) return false;
    void* none = nullptr;
    if (!part.compare_exchange_strong(none, taken)) std::free(taken);  // another thread was faster
  }
  return true;
}

size_t MemoryReserve::parts_left() const {
  size_t count = 0;
  for (const std::atomic<void*>& part : parts_) count += part.load() != nullptr ? 1 : 0;
  return count;
}

}  // namespace roost
