#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/mutex.h"
#include "common/base/task.h"
#include "common/net/read_turns.h"
#include "common/net/timer.h"

struct uv_loop_s;

namespace roost::net {

/// An object that may be given up by its owner while one of its methods is running: EventLoop::retire keeps it until
/// the end of the loop's turn, when none of its frames is on the stack any more, and destroys it then.
class Retirable {
 public:
  virtual ~Retirable() = default;
  /// Called by EventLoop::retire: releases everything but its memory.
  virtual void on_retired() {}
};

/// One libuv loop with its timers, posted tasks, retired objects and shared read buffer. One per thread. All methods
/// but post(), stop() and in_loop_thread() are called on the thread that calls run(), or before that on the one that
/// constructed the loop.
class EventLoop {
 public:
  EventLoop();
  /// Owners must have closed all streams, listeners and look-ups of this loop, except those owned by tasks and retired
  /// objects, which are destroyed first. Waits for a look-up that can no longer be cancelled.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Runs until stop(). May be called again afterwards.
  void run();
  /// Handles the events that are ready; if there are none and `wait`, waits for the first. For tests and for draining.
  void run_once(bool wait);
  /// Ends run() after the current turn. Any thread.
  void stop();
  /// Runs `task` on the loop's thread at a later turn, in the order posted. Any thread; wakes the loop once however
  /// many tasks are posted. Tasks that are still queued when the loop is destroyed are destroyed unrun. One that memory
  /// ran out in is destroyed.
  void post(Task task);
  bool in_loop_thread() const;

  /// Monotonic time as of this turn; does not read the clock.
  int64_t now_ms() const { return timers_.now_ms(); }
  /// Unix milliseconds as of this turn; does not read the clock.
  int64_t unix_ms() const { return timers_.now_ms() + unix_offset_ms_; }
  TimerQueue& timers() { return timers_; }
  /// Destroys `object` at the end of this turn, with whatever its destructor retires.
  void retire(std::unique_ptr<Retirable> object);
  /// Runs `task` on each signal of this number, such as SIGTERM, until the loop ends; again when memory ran out in it.
  /// At most kMaxSignals.
  void on_signal(int signal_number, Task task);
  /// For common/net only: takes the current time from libuv, in a callback of libuv.
  void observe_time();
  /// For common/net only.
  uv_loop_s* raw();
  /// All streams of this loop read into this buffer: data is passed on or copied before the next read.
  char* read_buffer();
  ReadTurns& read_turns() { return read_turns_; }
  static constexpr size_t kReadBufferBytes = ReadTurns::kBufferBytes;
  static constexpr size_t kMaxSignals = 8;
  /// Timers that are so late wait one turn more, for what has arrived meanwhile to be read.
  static constexpr int64_t kLateMs = 50;

 private:
  struct Impl;  // the libuv handles
  void begin_run();
  void after_events();
  void take_unix_offset(int64_t now_ms);
  bool reads_first(int64_t now_ms);
  void end_turn();
  void begin_reading();
  void drop_unrun();
  void run_posted();
  void arm_timer();

  TimerQueue timers_;
  ReadTurns read_turns_;
  bool read_first_ = false;     // the turn before was one that only reads
  int64_t last_turn_ms_ = 0;    // when the turn before ended
  int64_t unix_offset_ms_ = 0;  // Wall clock minus monotonic clock, read once each millisecond.
  std::unique_ptr<Impl> impl_;
  std::vector<std::unique_ptr<Retirable>> retired_;
  Mutex posted_mutex_;
  std::vector<Task> posted_ ROOST_GUARDED_BY(posted_mutex_);
  std::atomic<std::thread::id> thread_;
};

}  // namespace roost::net
