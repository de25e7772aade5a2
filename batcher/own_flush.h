#pragma once

#include <cstdint>

#include "batcher/batch_sender.h"
#include "batcher/like_log.h"

namespace roost::batcher {

/// Flushes the batcher's own journal: asks for a batch when likes are due, and sends it until it is applied. Used by
/// the sink thread only.
class OwnFlush {
 public:
  OwnFlush(Options& options, LikeLog& log, Sink& sink, Clock& clock)
      : options_(options), log_(log), clock_(clock), sender_(sink, options.backoff, options.random) {}

  /// From now on every pending like is due, without Options::batch_spacing_ms.
  void flush_all() { all_ = true; }
  /// Does what can be done now and returns the latest time of the next step; GroupCommit's wake_sink asks for an
  /// earlier one.
  int64_t step();
  uint64_t sink_failures() const { return sender_.failures(); }
  /// True once the sink's applied sequence contradicts the journal: nothing is sent any more, and the journal is kept
  /// for inspection.
  bool halted() const { return halted_; }

 private:
  static constexpr int64_t kRecheckMs = 1000;
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
