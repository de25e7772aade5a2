#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "common/base/intrusive_list.h"

namespace roost::net {

class TimerQueue;

/// A one-shot timer, embedded in its owner. Starting and stopping never allocates; the destructor stops it. It is
/// inactive when its callback runs, which may restart it or destroy the owner. A callback that memory ran out in is
/// called again, kRetryMs later, unless it has restarted or destroyed the timer. Loop thread only.
class Timer : public ListLink<TimerQueue> {
 public:
  using Callback = void (*)(void* owner);
  Timer(TimerQueue& queue, Callback callback, void* owner) : queue_(queue), callback_(callback), owner_(owner) {}
  ~Timer() {
    stop();
    if (running == this) running = nullptr;
  }

  /// `Timer idle_timer_ = Timer::of<&Connection::on_idle_timeout>(queue, this);`
  template <auto Method, class Owner>
  static Timer of(TimerQueue& queue, Owner* owner) {
    return Timer(
        queue, [](void* o) { (static_cast<Owner*>(o)->*Method)(); }, owner);
  }

  /// Runs the callback once, `after_ms` milliseconds after the queue's now_ms() or later; 0 means at the next advance.
  /// Restarts an active timer.
  void start_ms(int64_t after_ms);
  void stop();
  bool active() const { return linked(); }
  /// Only while active.
  int64_t due_ms() const { return due_ms_; }
  static constexpr int64_t kRetryMs = 100;

 private:
  friend class TimerQueue;
  void run();

  static inline constinit thread_local Timer* running = nullptr;  // whose callback is; null once it is destroyed
  TimerQueue& queue_;
  Callback callback_;
  void* owner_;
  int64_t due_ms_ = 0;
};

/// All timers of one loop: a hierarchical timing wheel, O(1) to start, stop and expire. Time is passed in, so that
/// tests need neither a loop nor waiting. Loop thread only.
class TimerQueue {
 public:
  explicit TimerQueue(int64_t now_ms);
  ~TimerQueue();
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  /// Sets the time to `now_ms` (never back), then runs due timers in order of due time. Callbacks may start and stop
  /// any timer, their own included. Delays count from the new time: a periodic timer does not catch up on missed
  /// periods, and one that restarts itself with 0 runs at the next advance.
  void advance_to_ms(int64_t now_ms);
  /// Sets the time without running timers: timers started from here on count from `now_ms`.
  void observe_ms(int64_t now_ms) {
    if (now_ms > present_ms_) present_ms_ = now_ms;
  }
  /// The latest time advanced to or observed.
  int64_t now_ms() const { return present_ms_; }
  /// When to call advance_to_ms() next: at or before the first due time; -1 if no timer is active.
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

  int64_t now_ms_;      // position of the wheel
  int64_t present_ms_;  // at or after now_ms_
  size_t active_ = 0;
  std::array<std::array<Slot, kSlots>, kLevels> wheel_;
  std::array<uint64_t, kLevels> occupied_{};  // one bit per slot that may hold a timer
};

}  // namespace roost::net
