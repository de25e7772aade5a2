#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "batcher/sink.h"
#include "common/base/backoff.h"

namespace roost::batcher {

/// Brings one batch after the other to the sink, each until it is known to be applied. Blocks as the sink does; used by
/// the sink thread only.
///
///     sending ──applied──────────────> applied          sending ──not_applied──> sending, later
///     sending ──unknown──> asking      asking ──answer k──> applied
///     asking ──answer k-1──> sending, later             asking ──no answer──> asking, later
///     asking ──anything else──> impossible: the sink and the journal are not about the same past
class BatchSender {
 public:
  enum class Progress : unsigned char { applied, waiting, impossible };

  BatchSender(Sink& sink, const Backoff& backoff, std::function<uint64_t()> random)
      : sink_(sink), backoff_(backoff), random_(std::move(random)) {}

  /// The next batch is one whose frame has just become durable: nobody has sent it.
  void start_fresh() { start(false); }
  /// The next batch was found in a journal: somebody may have sent it.
  void start_recovered() { start(true); }

  /// One attempt, unless it is too early for one. `now_ms` is of a clock that never goes back.
  Progress step(const JournalId& journal, const Batch& batch, int64_t now_ms);
  /// When the next attempt is due, after `waiting`.
  int64_t retry_at_ms() const { return retry_at_ms_; }
  /// Attempts whose outcome was not_applied or unknown, over all batches.
  uint64_t failures() const { return total_failures_; }
  /// The answer that made it impossible.
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
  bool attempted_ = false;  ///< This batch was sent from here.
  int failures_ = 0;
  int64_t retry_at_ms_ = 0;
  uint64_t total_failures_ = 0;
  uint64_t answer_ = 0;
};

}  // namespace roost::batcher
