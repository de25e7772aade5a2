#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/task.h"
#include "common/net/timer.h"

struct uv_loop_s;

namespace roost::net {

/// Something that must outlive the call it is in: an owner gives it to EventLoop::retire instead of deleting it, and it
/// is destroyed at the end of the loop's turn, when no frame of it is on the stack any more.
class Retirable {
 public:
  virtual ~Retirable() = default;
  /// Called by EventLoop::retire: from here on it takes part in nothing; only its memory is still there.
  virtual void on_retired() {}
};

/// One libuv loop and what belongs to it: timers, posted tasks, the retire list, the shared read buffer. One per
/// thread. Everything but post(), stop() and in_loop_thread() belongs to the thread that calls run() (or to the one
/// that made the loop, before).
class EventLoop {
 public:
  EventLoop();
  /// All streams, listeners and look-ups of this loop must be closed by their owners before, or be owned by tasks and
  /// retired objects, which go first. Waits for a look-up that is too far gone to be cancelled.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Runs until stop(). May be called again afterwards.
  void run();
  /// Runs what is ready, waiting for the first event when `wait` is true; for tests and for draining at the end.
  void run_once(bool wait);
  /// Ends run() after the present turn. Any thread.
  void stop();
  /// Runs `task` on the loop's thread at a later turn, in the order posted. Any thread; wakes the loop once however
  /// many tasks are posted. Tasks that are still queued when the loop is destroyed are destroyed unrun.
  void post(Task task);
  bool in_loop_thread() const;

  /// The present as of this turn (monotonic); costs nothing.
  int64_t now_ms() const { return timers_.now_ms(); }
  /// Wall-clock time as of this turn, ms since 1970 UTC; costs nothing.
  int64_t unix_ms() const { return timers_.now_ms() + unix_offset_ms_; }
  TimerQueue& timers() { return timers_; }
  /// Destroys `object` at the end of this turn. What its destructor retires goes in the same turn.
  void retire(std::unique_ptr<Retirable> object);
  /// Runs `task` on SIGTERM, SIGINT or SIGHUP (a number each) until the loop ends. At most kMaxSignals.
  void on_signal(int signal_number, Task task);
  /// For common/net alone: libuv has called back, so the present is libuv's.
  void observe_time();
  /// For common/net alone.
  uv_loop_s* raw();
  /// Where every stream of this loop reads to: data is handed on, or copied, before the next read.
  char* read_buffer();
  static constexpr size_t kReadBufferBytes = 64 * 1024;
  static constexpr size_t kMaxSignals = 8;

 private:
  struct Impl;  // the libuv handles
  void begin_run();
  void after_events();
  void take_unix_offset(int64_t now_ms);
  void end_turn();
  void drop_unrun();
  void run_posted();
  void arm_timer();

  TimerQueue timers_;
  int64_t unix_offset_ms_ = 0;  // wall clock minus monotonic clock, taken anew each millisecond
  std::unique_ptr<Impl> impl_;
  std::vector<std::unique_ptr<Retirable>> retired_;
  std::mutex posted_mutex_;
  std::vector<Task> posted_;  // guarded by posted_mutex_
  std::atomic<std::thread::id> thread_;
};

}  // namespace roost::net
