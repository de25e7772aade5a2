#include "common/base/backoff.h"

#include <algorithm>

namespace roost {

int64_t Backoff::delay_ms(int failures, uint64_t random) const {
  int64_t delay = std::min(initial_ms, max_ms);
  for (int i = 1; i < failures && delay < max_ms; ++i) delay = std::min(delay * 2, max_ms);
  const int64_t half = delay / 2;
  return half + static_cast<int64_t>(random % static_cast<uint64_t>(delay - half + 1));
}

}  // namespace roost
