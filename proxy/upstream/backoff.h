#pragma once

#include <cstdint>

namespace roost::proxy {

/// How long to wait before something that failed is tried again: doubling from `first_ms` to `max_ms`, with up to a
/// quarter of it added or taken away at random so that many who failed together do not come back together. Pure.
struct Backoff {
  int64_t first_ms = 0;
  int64_t max_ms = 0;

  /// `failures`: how many in a row so far, at least 1. `random`: any number, evenly spread. Never below 1 ms.
  int64_t delay_ms(uint32_t failures, uint64_t random) const;
};

/// A backend that refused connections is looked at again soon: a restarted one serves within about a second.
constexpr Backoff kProbeBackoff{100, 500};
/// A name that did not resolve.
constexpr Backoff kResolveBackoff{1'000, 5'000};

}  // namespace roost::proxy
