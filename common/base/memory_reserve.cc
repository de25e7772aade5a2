#include "common/base/memory_reserve.h"

#include <chrono>
#include <cstdlib>
#include <new>
#include <thread>

#include "common/base/check.h"
#include "common/base/memory_scope.h"

namespace roost {

namespace {

/// One thread's wait for memory, a millisecond for each time that an allocation has failed again.
struct Patience {
  bool ends = false;
  int64_t waited_ms = 0;
  std::chrono::steady_clock::time_point last;

  /// False: it has waited long enough.
  bool wait() {
    constexpr std::chrono::milliseconds kStep(1);
    constexpr int kSteps = 50;  // after so long without a failure the next is another wait
    if (std::chrono::steady_clock::now() - last > kSteps * kStep) waited_ms = 0;
    if (ends && ++waited_ms > MemoryReserve::kMaxWaitMs) {
      waited_ms = 0;
      return false;
    }
    std::this_thread::sleep_for(kStep);
    last = std::chrono::steady_clock::now();
    return true;
  }
};

constinit thread_local Patience patience;

}  // namespace

std::atomic<bool> MemoryReserve::low{false};
std::atomic<uint64_t> MemoryReserve::shortage_count{0};
std::atomic<uint64_t> MemoryReserve::refusal_count{0};
std::atomic<MemoryReserve*> MemoryReserve::installed{nullptr};

MemoryReserve::MemoryReserve(size_t parts) : most_(parts) {
  ROOST_CHECK(parts <= kParts && installed.exchange(this) == nullptr);
  give_up_in_time();
  take_all();
  std::set_new_handler(on_failure);
}

MemoryReserve::~MemoryReserve() {
  std::set_new_handler(nullptr);
  installed = nullptr;
  while (release_part(0)) {
  }
  low = false;
}

void MemoryReserve::give_up_in_time() {
  patience.ends = true;
}

// Runs inside an allocation, with whatever locks its caller holds: so it does nothing but this.
void MemoryReserve::on_failure() {
  low.store(true, std::memory_order_relaxed);
  shortage_count.fetch_add(1, std::memory_order_relaxed);
  MemoryReserve* reserve = installed.load();
  if (reserve != nullptr) {
    const bool refusable = MemoryScope::now() == MemoryScope::Kind::refusable;
    if (reserve->release_part(refusable ? kKept : 0)) return;
    if (!refusable && patience.wait()) return;
  }
  refusal_count.fetch_add(1, std::memory_order_relaxed);
  throw std::bad_alloc();
}

// Those to be kept are the first in the list, and the last to go.
bool MemoryReserve::release_part(size_t kept) {
  for (size_t i = most_; i > kept; --i) {
    void* taken = parts_[i - 1].exchange(nullptr);
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
  for (size_t i = 0; i < most_; ++i) {
    if (parts_[i].load() != nullptr) continue;
    void* taken = std::malloc(kPartBytes);
    if (taken == nullptr) return false;
    void* none = nullptr;
    if (!parts_[i].compare_exchange_strong(none, taken)) std::free(taken);  // another thread was faster
  }
  return true;
}

size_t MemoryReserve::parts_left() const {
  size_t count = 0;
  for (const std::atomic<void*>& part : parts_) count += part.load() != nullptr ? 1 : 0;
  return count;
}

}  // namespace roost
