#include "common/base/backoff.h"

#include <algorithm>

namespace roost {

int64_t Backoff::delay_ms(int64_t failures, uint64_t random) const {
  int64_t delay = std::min(initial_ms, max_ms);
  for (int64_t i = 1; i < failures && delay > 0 && delay < max_ms; ++i) delay = std::min(delay * 2, max_ms);
  const int64_t low = delay * low_percent / 100;
  const int64_t high = delay * high_percent / 100;
  return std::max(low + static_cast<int64_t>(random % static_cast<uint64_t>(high - low + 1)), min_ms);
}

}  // namespace roost
