#pragma once

#include <cstdint>

namespace roost {

/// How long to wait before something that failed is tried again: doubling from `initial_ms` to `max_ms`, times a random
/// factor, so that those who failed together do not come back together. Pure.
struct Backoff {
  int64_t initial_ms = 50;
  int64_t max_ms = 10'000;
  int low_percent = 50;    ///< The random factor is between this
  int high_percent = 100;  ///< and this, at least low_percent; with both 100 nothing is random.
  int64_t min_ms = 0;      ///< The delay is never below this.

  /// `failures` in a row so far, at least 1; `random` is any 64 random bits. With d = min(initial_ms · 2^(failures-1),
  /// max_ms) the delay is evenly distributed in [d · low_percent / 100, d · high_percent / 100].
  int64_t delay_ms(int64_t failures, uint64_t random) const;
};

}  // namespace roost
