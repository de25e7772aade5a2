#pragma once

#include <algorithm>
#include <cstdint>

namespace roost {

/// A token bucket: `burst` at once, then one every `interval`. Decided by the generic cell rate algorithm (ITU-T
/// I.371), which keeps one time per bucket. Times are in any one unit, monotonic. Pure.
struct RateLimit {
  int64_t interval = 1;
  int64_t burst = 1;

  /// Takes one. `full_at`: when the bucket will be full again; any time in the past, such as 0, for one that is full.
  /// Returns 0, or, with the bucket as it was, for how long to wait.
  int64_t take(int64_t& full_at, int64_t now) const {
    const int64_t after = std::max(full_at, now) + interval;
    const int64_t wait = after - now - burst * interval;
    if (wait > 0) return wait;
    full_at = after;
    return 0;
  }
};

}  // namespace roost
