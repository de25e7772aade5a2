#include "proxy/upstream/backoff.h"

#include <algorithm>

namespace roost::proxy {

int64_t Backoff::delay_ms(uint32_t failures, uint64_t random) const {
  const uint32_t doublings = std::min<uint32_t>(failures > 0 ? failures - 1 : 0, 30);
  const int64_t delay = std::min(first_ms << doublings, max_ms);
  const int64_t spread = delay / 2;  // from -1/4 to +1/4
  const int64_t jitter = spread > 0 ? static_cast<int64_t>(random % static_cast<uint64_t>(spread + 1)) - spread / 2 : 0;
  return std::max<int64_t>(delay + jitter, 1);
}

}  // namespace roost::proxy
