#pragma once

#include <cstdint>
#include <utility>

namespace roost::proxy {

/// When to say in the event log that a count grows: at once, then at most every kPeriodMs. Time is passed in.
class LimitNews {
 public:
  static constexpr int64_t kPeriodMs = 30'000;

  /// `total` so far. Returns by how much it has grown since the last report when it is time for one, else 0.
  uint64_t look(uint64_t total, int64_t now_ms) {
    if (total == reported_ || now_ms < next_ms_) return 0;
    next_ms_ = now_ms + kPeriodMs;
    return total - std::exchange(reported_, total);
  }

 private:
  uint64_t reported_ = 0;
  int64_t next_ms_ = INT64_MIN;
};

}  // namespace roost::proxy
