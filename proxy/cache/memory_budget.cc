#include "proxy/cache/memory_budget.h"

#include <algorithm>

#include "common/base/memory_reserve.h"

namespace roost::proxy {

MemoryBudget::MemoryBudget(HttpCache& cache, const BlockAccount& in_flight)
    : cache_(cache),
      in_flight_(in_flight),
      limit_bytes_(cache.limit_bytes()),
      most_in_flight_bytes_(std::max(cache.limit_bytes() / 2, cache.max_object_bytes())),
      step_bytes_(std::max<uint64_t>(cache.limit_bytes() / kSteps, 1)) {}

bool MemoryBudget::admit(uint64_t bytes) {
  if (MemoryReserve::is_low() && !relieve()) return false;
  if (!would_admit(bytes)) return false;
  share_room(in_flight_.bytes() + bytes);
  return true;
}

bool MemoryBudget::relieve() {
  share_room(limit_bytes_);
  return MemoryReserve::refill();
}

// In steps, so that most calls find the room as it should be. Where two threads set it at the same time the later one
// counts, and the next call mends what it got wrong.
void MemoryBudget::share_room(uint64_t in_flight_bytes) {
  const uint64_t needed = (in_flight_bytes + step_bytes_ - 1) / step_bytes_ * step_bytes_;
  const uint64_t aside = std::min(needed, limit_bytes_ - limit_bytes_ / kStoreShare);
  const uint64_t now = aside_bytes_.load(std::memory_order_relaxed);
  if (aside == now || (aside < now && now - aside == step_bytes_)) return;
  aside_bytes_.store(aside, std::memory_order_relaxed);
  cache_.set_aside(aside);
}

}  // namespace roost::proxy
