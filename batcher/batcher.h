#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "batcher/answers.h"
#include "batcher/journal/disk.h"
#include "batcher/journal/journal_id.h"
#include "batcher/options.h"
#include "batcher/sink.h"
#include "batcher/stats.h"
#include "common/base/clock.h"
#include "common/base/result.h"

namespace roost::batcher {

/// Collects increments of counters ("likes"), makes them durable in a journal, and applies them to a Sink in batches,
/// each exactly once across crashes and power loss. See docs/batcher.md for the protocol.
///
/// Runs two threads: the commit thread writes and syncs the journal, the sink thread sends batches and adopts the
/// journals of dead batchers. Disk, Clock and Sink must outlive the batcher.
class Batcher {
 public:
  using Done = batcher::Done;
  static constexpr int64_t kMaxDelta = batcher::kMaxDelta;

  /// Creates the journal and starts the threads. Fails if the options are invalid or the directory is not writable.
  static Result<std::unique_ptr<Batcher>> open(Options options, Disk& disk, Clock& clock, Sink& sink);
  /// As close(0).
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  /// Adds `delta` (1 to kMaxDelta) to `key`. Any thread; never blocks on the disk or the sink.
  ///
  /// On success `done` is called exactly once, by way of Options::deliver: with Accepted once the like is as durable as
  /// Options::durability says, or with a retryable error if the disk failed. The like is not acknowledged then, but may
  /// still be counted if the process dies before the journal is repaired.
  ///
  /// A refusal (a limit reached, the disk failing, closed) is returned at once; `done` is then neither called nor moved
  /// from. Refusals are retryable: answer 503 with Retry-After.
  Result<void> add(int64_t key, int64_t delta, Done&& done);

  /// Adds 1 to `key` unless a like with this token was added before, here or in any batcher with the same sink, so that
  /// a client may retry a like whose answer was lost (see Sink for how long tokens are remembered). As add(); `done` is
  /// also neither called nor moved from when the result is `known`.
  ///
  /// A repeat that reached another batcher is detected only when the batch is applied: until then pending() counts it.
  Result<Added> add_once(int64_t key, const LikeToken& token, Done&& done);

  /// Likes of `key` acknowledged here and not yet known to be applied, including the batch in flight. Any thread. Added
  /// to the sink's count for display. While the sink commits a batch, the sum may count it twice for a moment: use
  /// pending_after() where a count must never decrease.
  int64_t pending(int64_t key) const;
  /// Likes of `key` acknowledged here that are not in the batches up to `applied_seq`. A reader that loads the count
  /// and this journal's applied sequence in one transaction, and adds pending_after() of that sequence, gets a sum that
  /// is exact for this batcher and never decreases. Exact if at most kRemembered batches were applied since; for an
  /// older sequence it misses what the forgotten batches applied.
  int64_t pending_after(int64_t key, uint64_t applied_seq) const;
  static constexpr size_t kRemembered = 8;

  Stats stats() const;
  /// The name of this batcher's own journal.
  const JournalId& journal() const;

  /// Refuses new likes, sends pending ones for at most `drain_ms` (plus the sink call under way), then stops. What
  /// remains stays in the journal for another batcher to adopt, or for the next open() on the same directory. Every
  /// `done` has been delivered when it returns. Idempotent; must not be called on the batcher's own threads.
  void close(int64_t drain_ms);

 private:
  class Body;
  explicit Batcher(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace roost::batcher
