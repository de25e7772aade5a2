#pragma once

#include <cstdint>

#include "batcher/batch_sender.h"
#include "batcher/like_log.h"

namespace roost::batcher {

/// The sink thread's work for the batcher's own journal: one batch after the other, from due to applied.
class OwnFlush {
 public:
  OwnFlush(Options& options, LikeLog& log, Sink& sink, Clock& clock)
      : options_(options), log_(log), clock_(clock), sender_(sink, options.backoff, options.random) {}

  /// Everything pending is due from now on, without spacing.
  void flush_all() { all_ = true; }
  /// Does what can be done now. The time of the next step at the latest; LikeLog's wake_sink may call for one earlier.
  int64_t step();
  uint64_t sink_failures() const { return sender_.failures(); }
  /// The sink's answers cannot be true: nothing is sent any more. The journal stays for a person to look at.
  bool halted() const { return halted_; }

 private:
  static constexpr int64_t kLookAgainMs = 1000;
  int64_t send(int64_t now_ms);
  int64_t ask_when_due(int64_t now_ms);

  Options& options_;
  LikeLog& log_;
  Clock& clock_;
  BatchSender sender_;
  bool all_ = false;
  bool halted_ = false;
  bool sending_ = false;
  int failed_writes_ = 0;
  int64_t not_before_ms_ = 0;
};

}  // namespace roost::batcher
