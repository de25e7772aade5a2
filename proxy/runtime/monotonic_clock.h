#pragma once

#include <chrono>
#include <cstdint>

namespace roost::proxy {

/// Monotonic microseconds, for phase times and for the order of fetches and invalidations. Any thread.
inline int64_t now_us() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

}  // namespace roost::proxy
