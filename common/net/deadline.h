#pragma once

#include <cstdint>

#include "common/net/timer.h"

namespace roost::net {

/// The one deadline of a connection, moved at nearly every event. Moving it costs a store: the timer below rings at the
/// deadline or before, and is started anew then. The owner's callback asks over().
class Deadline {
 public:
  Deadline(TimerQueue& queue, Timer::Callback callback, void* owner) : queue_(queue), timer_(queue, callback, owner) {}

  void set_ms(int64_t after_ms) {
    at_ms_ = queue_.now_ms() + after_ms;
    if (!timer_.active() || timer_.due_ms() > at_ms_) timer_.start_ms(after_ms);
  }
  /// Nothing is awaited.
  void clear() { at_ms_ = kNever; }
  /// The callback runs at the loop's next turn, whatever the deadline: there is work kept for then.
  void wake() { timer_.start_ms(0); }
  void stop() {
    clear();
    timer_.stop();
  }
  /// Until the deadline, by the time of this turn; negative once it has passed.
  int64_t left_ms() const { return at_ms_ - queue_.now_ms(); }
  /// In the callback: whether the deadline has passed.
  bool over() {
    if (timer_.active() || at_ms_ == kNever) return false;
    const int64_t left_ms = at_ms_ - queue_.now_ms();
    if (left_ms > 0) timer_.start_ms(left_ms);
    return left_ms <= 0;
  }

 private:
  static constexpr int64_t kNever = INT64_MAX;
  TimerQueue& queue_;
  Timer timer_;
  int64_t at_ms_ = kNever;
};

}  // namespace roost::net
