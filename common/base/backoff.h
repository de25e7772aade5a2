#pragma once

#include <cstdint>

namespace roost {

/// How long to wait before attempt number n+1: doubling from `initial_ms` to `max_ms`, of which the upper half is drawn
/// at random so that workers that failed together do not come back together. Pure.
struct Backoff {
  int64_t initial_ms = 50;
  int64_t max_ms = 10'000;

  /// `failures` is 1 after the first failure; `random` is any 64 random bits. In [d/2, d], d = min(initial·2^(n-1),
  /// max).
  int64_t delay_ms(int failures, uint64_t random) const;
};

}  // namespace roost
