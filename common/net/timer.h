#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/base/intrusive_list.h"

namespace roost::net {

class TimerQueue;

/// One timer, embedded in the object it belongs to; starting and stopping never allocates, and a timer that is
/// destroyed is stopped. One-shot: it is idle again when its callback runs, which may start it anew, or destroy its
/// owner. Loop thread only.
class Timer : public ListLink<TimerQueue> {
 public:
  using Callback = void (*)(void* owner);
  Timer(TimerQueue& queue, Callback callback, void* owner) : queue_(queue), callback_(callback), owner_(owner) {}
  ~Timer() { stop(); }

  /// `Timer idle_timer_ = Timer::of<&Connection::on_idle_timeout>(queue, this);`
  template <auto Method, class Owner>
  static Timer of(TimerQueue& queue, Owner* owner) {
    return Timer(
        queue, [](void* o) { (static_cast<Owner*>(o)->*Method)(); }, owner);
  }

  /// Runs the callback once `after_ms` milliseconds from the queue's present, never earlier; 0 means at the next
  /// advance. A timer that is already running is moved.
  void start_ms(int64_t after_ms);
  void stop();
  bool active() const { return linked(); }
  /// Only while active.
  int64_t due_ms() const { return due_ms_; }

 private:
  friend class TimerQueue;
  TimerQueue& queue_;
  Callback callback_;
  void* owner_;
  int64_t due_ms_ = 0;
};

/// All timers of one loop: a hierarchical wheel, O(1) to start, stop and expire. Time is passed in, so tests drive it
/// without a loop and without waiting. Loop thread only.
class TimerQueue {
 public:
  explicit TimerQueue(int64_t now_ms);
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  /// Moves the present to `now_ms` (never back) and then runs what is due, in order of due time. Callbacks may start
  /// and stop any timer, their own included, and count from the new present: one that starts itself again does not run
  /// once for each period missed, nor for ever with 0.
  void advance_to_ms(int64_t now_ms);
  /// Says that it is `now_ms` without running anything: timers started from here on count from then.
  void observe_ms(int64_t now_ms) {
    if (now_ms > present_ms_) present_ms_ = now_ms;
  }
  /// The latest time advanced to or observed.
  int64_t now_ms() const { return present_ms_; }
  /// A time at which advance_to_ms is worth calling: at or before the first due time; -1 when no timer runs.
  int64_t next_wakeup_ms() const;
  size_t active_count() const { return active_; }
  /// Longer delays are cut to this (about nine thousand years).
  static constexpr int64_t kMaxDelayMs = int64_t{1} << 48;

 private:
  friend class Timer;
  using Slot = IntrusiveList<Timer, TimerQueue>;
  static constexpr int kLevels = 6;  // 64^6 ms, about two years; later times wait in the last level
  static constexpr int kSlotBits = 6;
  static constexpr int kSlots = 1 << kSlotBits;

  void insert(Timer& timer);
  void run_due();
  void cascade(int level);
  void move_to(int64_t now_ms);

  int64_t now_ms_;      // where the wheel stands
  int64_t present_ms_;  // at or after now_ms_
  size_t active_ = 0;
  std::array<std::array<Slot, kSlots>, kLevels> wheel_;
  std::array<uint64_t, kLevels> occupied_{};  // one bit per slot that may hold a timer
};

}  // namespace roost::net
