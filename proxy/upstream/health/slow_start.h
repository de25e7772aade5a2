#pragma once

#include <algorithm>
#include <cstdint>

namespace roost::proxy {

/// The share of its weight that a backend has `since_ms` after it came into use, in percent: from a tenth evenly to the
/// whole over `duration_ms`. Pure.
constexpr uint32_t slow_start_percent(int64_t since_ms, int64_t duration_ms) {
  constexpr int64_t kFirstPercent = 10;
  if (since_ms >= duration_ms) return 100;
  return static_cast<uint32_t>(kFirstPercent + (100 - kFirstPercent) * std::max<int64_t>(since_ms, 0) / duration_ms);
}

}  // namespace roost::proxy
