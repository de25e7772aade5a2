#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "batcher/sink.h"
#include "common/base/backoff.h"

namespace roost::batcher {

/// Sends one batch at a time to the sink and retries until it is known to be applied. Blocks as the sink does; used by
/// the sink thread only.
///
///     sending ──applied──────────────> applied          sending ──not_applied──> sending, later
///     sending ──unknown──> asking      asking ──answer k──> applied
///     asking ──answer k-1──> sending, later             asking ──no answer──> asking, later
///     asking ──anything else──> impossible: the sink and the journal disagree about what was applied
class BatchSender {
 public:
  enum class Progress : unsigned char { applied, waiting, impossible };

  BatchSender(Sink& sink, const Backoff& backoff, std::function<uint64_t()> random)
      : sink_(sink), backoff_(backoff), random_(std::move(random)) {}

  /// The next batch has just become durable: it was never sent.
  void start_fresh() { start(false); }
  /// The next batch was recovered from a journal: it may have been sent before, so the sink is asked first.
  void start_recovered() { start(true); }

  /// Makes one attempt, unless the back-off has not passed yet. `now_ms` is of a monotonic clock.
  Progress step(const JournalId& journal, const Batch& batch, int64_t now_ms);
  /// For a journal recovered without a batch in flight, after start_recovered(): `applied` if the sink's sequence is
  /// `last`, that of the journal's last batch. Otherwise it is `impossible`: they are copies of different moments.
  Progress agree(const JournalId& journal, uint64_t last, int64_t now_ms);
  /// Time of the next attempt, after `waiting`.
  int64_t retry_at_ms() const { return retry_at_ms_; }
  /// Attempts with outcome not_applied or unknown, over all batches.
  uint64_t failures() const { return total_failures_; }
  /// The applied sequence that the sink gave, after `impossible`.
  uint64_t impossible_answer() const { return answer_; }

 private:
  void start(bool asking) {
    asking_ = asking;
    attempted_ = false;
    failures_ = 0;
    retry_at_ms_ = 0;
  }
  Progress ask(const JournalId& journal, const Batch& batch, int64_t now_ms);
  Progress wait(int64_t now_ms);

  Sink& sink_;
  Backoff backoff_;
  std::function<uint64_t()> random_;
  bool asking_ = false;
  bool attempted_ = false;  ///< This sender has sent the batch.
  int failures_ = 0;
  int64_t retry_at_ms_ = 0;
  uint64_t total_failures_ = 0;
  uint64_t answer_ = 0;
};

}  // namespace roost::batcher
