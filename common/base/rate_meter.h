#pragma once

#include <algorithm>
#include <cstdint>

namespace roost {

/// The least rate at which a peer has to take or to give bytes.
struct LeastRate {
  uint64_t bytes_per_s = 0;   ///< 0: any rate will do
  int64_t grace_ms = 30'000;  ///< the rate is an average over periods of this length; at least 1

  bool is_set() const { return bytes_per_s > 0; }
  /// The least number of bytes in a period of `elapsed_ms`, rounded down.
  uint64_t bytes_in_ms(int64_t elapsed_ms) const {
    const auto ms = static_cast<uint64_t>(std::max<int64_t>(elapsed_ms, 0));
    return bytes_per_s / 1'000 * ms + bytes_per_s % 1'000 * ms / 1'000;
  }
};

/// Whether a peer keeps up a least rate, judged at the end of each period of LeastRate::grace_ms: a peer may pause for
/// less than a period, and is found too slow at most two periods after it became so. Time and byte counts are passed
/// in; counts only grow, from any beginning.
class RateMeter {
 public:
  /// The peer's turn begins: the first period starts.
  void start(int64_t now_ms, uint64_t total_bytes) {
    period_from_ms_ = now_ms;
    period_from_bytes_ = total_bytes;
  }
  /// That much time was not the peer's: the period ends later by it.
  void skip_ms(int64_t pause_ms) { period_from_ms_ += pause_ms; }
  /// False when a period has ended with fewer bytes than the rate asks for. Otherwise the next one starts at its end.
  bool keeps_up(const LeastRate& least, int64_t now_ms, uint64_t total_bytes) {
    const int64_t elapsed_ms = now_ms - period_from_ms_;
    if (!least.is_set() || elapsed_ms < least.grace_ms) return true;
    if (total_bytes - period_from_bytes_ < least.bytes_in_ms(elapsed_ms)) return false;
    start(now_ms, total_bytes);
    return true;
  }
  /// Milliseconds until the present period ends: when to ask again.
  int64_t left_ms(const LeastRate& least, int64_t now_ms) const {
    return std::max<int64_t>(period_from_ms_ + least.grace_ms - now_ms, 0);
  }

 private:
  int64_t period_from_ms_ = 0;
  uint64_t period_from_bytes_ = 0;
};

}  // namespace roost
