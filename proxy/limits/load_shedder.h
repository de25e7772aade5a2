#pragma once

#include <algorithm>
#include <cstdint>

namespace roost::proxy {

/// Which share of new work a loop that is late refuses. The loop tells how late a periodic timer runs. Once kPatience
/// samples in a row were over the target (so that one long turn, or a process that was stopped, is no overload), each
/// further one raises the share, and each below the target lowers it: additive both ways, faster up than down, so that
/// it settles where the lateness is at the target. Never everything is refused, or nobody would notice that there is
/// room again. Pure; one per loop.
class LoadShedder {
 public:
  static constexpr int64_t kSampleMs = 25;  ///< period of the samples
  static constexpr uint32_t kPatience = 4;
  static constexpr uint32_t kWhole = 256;  ///< the share is counted in 256ths
  static constexpr uint32_t kMost = 248;
  static constexpr uint32_t kStepUp = 16;
  static constexpr uint32_t kStepDown = 4;

  /// `target_ms`: 0 to refuse nothing.
  void set_target_ms(int64_t target_ms) {
    target_ms_ = target_ms;
    if (target_ms == 0) share_ = 0;
  }
  void on_sample(int64_t late_ms) {
    if (target_ms_ == 0) return;
    if (late_ms <= target_ms_) {
      over_ = 0;
      share_ -= std::min(share_, kStepDown);
    } else if (++over_ >= kPatience) {
      over_ = kPatience;
      share_ = std::min(share_ + kStepUp, kMost);
    }
  }
  /// There is nothing to do for the loop at all.
  void reset() { share_ = over_ = 0; }
  bool is_shedding() const { return share_ > 0; }
  uint32_t share() const { return share_; }
  /// Whether to refuse a piece of work; `random` is uniform.
  bool refuses(uint64_t random) const { return random % kWhole < share_; }

 private:
  int64_t target_ms_ = 0;
  uint32_t over_ = 0;  // samples over the target in a row
  uint32_t share_ = 0;
};

}  // namespace roost::proxy
