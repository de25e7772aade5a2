#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace roost::proxy {

/// What recent failures add to the load of a backend, in active requests: one each, fading to nothing within a few
/// seconds. Without it a backend that fails at once always has the fewest active requests, and policies that go by
/// load would send it nearly everything. Any thread.
class FailureCharge {
 public:
  static constexpr uint32_t kMax = 4'096;
  static constexpr int64_t kFadePeriodMs = 250;  ///< between two calls of fade()

  uint32_t value() const { return value_.load(std::memory_order_relaxed); }
  /// True if there was none before: fade() has to be called from now on.
  bool add() {
    const uint32_t before = value_.fetch_add(1, std::memory_order_relaxed);
    if (before >= kMax) value_.store(kMax, std::memory_order_relaxed);
    return before == 0;
  }
  /// A quarter less, at least one. One thread.
  void fade() {
    const uint32_t before = value();
    value_.fetch_sub(std::min(before, std::max(before / 4, 1U)), std::memory_order_relaxed);
  }

 private:
  std::atomic<uint32_t> value_{0};
};

}  // namespace roost::proxy
