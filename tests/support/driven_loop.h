#pragma once

#include "common/net/event_loop.h"

namespace roost::net {

/// An event loop whose time stands still until the test moves it: it is set a day ahead of the machine's clock, and
/// timers never go back. Sockets work, but a test that uses none is deterministic.
class DrivenLoop {
 public:
  DrivenLoop() {
    loop_.run_once(false);
    loop_.timers().advance_to_ms(loop_.now_ms() + kAheadMs);
  }

  EventLoop& loop() { return loop_; }
  /// One turn: posted tasks, timers that are due, retired objects.
  void turn() { loop_.run_once(false); }
  /// Lets time pass: runs what falls due on the way, in order. Everything it starts counts from the end of it.
  void advance_ms(int64_t by_ms) { loop_.timers().advance_to_ms(loop_.now_ms() + by_ms); }

 private:
  static constexpr int64_t kAheadMs = 24 * 60 * 60 * 1'000;
  EventLoop loop_;
};

}  // namespace roost::net
