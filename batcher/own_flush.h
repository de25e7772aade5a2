#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "batcher/batch_sender.h"
#include "batcher/like_log.h"

namespace roost::batcher {

/// The newest batches that the sink has applied, in case it loses them: a database may come back without its last
/// commits, when its asynchronous standby takes over. Its applied sequence is then that of an earlier batch, and those
/// behind it can be applied again, in order, as they were. Not thread-safe.
class AppliedBatches {
 public:
  static constexpr size_t kMaxBatches = 1'000;
  static constexpr size_t kMaxBytes = 16 << 20;

  /// Sequences follow each other; the oldest are given up at a limit.
  void add(const Batch& batch);
  /// Whether every batch behind the one of that sequence is here, and there is at least one.
  bool has_all_behind(uint64_t sequence) const;
  /// The one of that sequence; null when it is not here.
  const Batch* find(uint64_t sequence) const;
  size_t size() const { return batches_.size(); }

 private:
  static size_t bytes_of(const Batch& batch);
  std::deque<Batch> batches_;
  size_t bytes_ = 0;
};

/// Flushes the batcher's own journal: asks for a batch when likes are due, and sends it until it is applied. When the
/// sink has lost batches that it had applied, those are sent again first. Used by the sink thread only.
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
  /// True once the sink's applied sequence contradicts the journal, and the batches in between are not known any more:
  /// nothing is sent, and the journal is kept for inspection.
  bool halted() const { return halted_; }

 private:
  static constexpr int64_t kRecheckMs = 1000;
  int64_t send(int64_t now_ms);
  const Batch& next_batch() const;
  int64_t on_applied(const Batch& batch);
  int64_t on_impossible(uint64_t sequence, int64_t now_ms);
  int64_t ask_when_due(int64_t now_ms);

  Options& options_;
  LikeLog& log_;
  Clock& clock_;
  BatchSender sender_;
  AppliedBatches applied_;
  uint64_t again_ = 0;  ///< sequence of the applied batch to send again; 0 for none
  bool all_ = false;
  bool halted_ = false;
  bool sending_ = false;
  int failed_writes_ = 0;
  int64_t not_before_ms_ = 0;
};

}  // namespace roost::batcher
