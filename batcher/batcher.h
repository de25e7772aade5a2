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
/// each exactly once, whatever crashes in between. See docs/batcher.md for the protocol.
///
/// Two threads of its own: the commit thread writes and syncs the journal, the sink thread sends batches and adopts
/// the journals of batchers that died. Disk, Clock and Sink must outlive the batcher.
class Batcher {
 public:
  using Done = batcher::Done;
  static constexpr int64_t kMaxDelta = batcher::kMaxDelta;

  /// Makes the journal and starts the threads. Fails when the directory cannot be made or written.
  static Result<std::unique_ptr<Batcher>> open(Options options, Disk& disk, Clock& clock, Sink& sink);
  /// As close(0).
  ~Batcher();
  Batcher(const Batcher&) = delete;
  Batcher& operator=(const Batcher&) = delete;

  /// Adds `delta` (1 to kMaxDelta) to `key`. Any thread; never blocks on the disk or the sink.
  ///
  /// On success `done` will be called exactly once, by way of Options::deliver: with Accepted once the like is as
  /// durable as Options::durability says, or with a retryable error when the disk failed: the like was not acknowledged
  /// then, but may yet be counted if the process dies before the journal is mended.
  ///
  /// A refusal (a limit reached, the disk failing, closed) is returned at once; `done` is then neither called nor moved
  /// from. Refusals are retryable: answer 503 with Retry-After.
  Result<void> add(int64_t key, int64_t delta, Done&& done);

  /// Adds 1 to `key` unless a like under this token was added already, here or in any batcher with the same sink (see
  /// Sink), so that a client may repeat a like whose answer it did not get. As add(), but that `done` is neither called
  /// nor moved from either when the like is `known`.
  ///
  /// Other batchers' likes are found out when the batch is applied: until then pending() counts the repeat.
  Result<Added> add_once(int64_t key, const LikeToken& token, Done&& done);

  /// Likes of `key` that are acknowledged here and not yet known to be applied, those of the batch in flight included.
  /// Any thread. Shown to users on top of the sink's count. While a batch is being committed the sum may count it twice
  /// for a moment: readers for whom a count must never go backwards use pending_after().
  int64_t pending(int64_t key) const;
  /// Likes of `key` acknowledged here that are not among the batches up to `applied_seq`. A reader that loads a count
  /// and this journal's applied sequence in one transaction, and adds pending_after() of that sequence, shows a sum
  /// that is exact for this batcher and never goes backwards. Exact for the last kRemembered batches, which is longer
  /// than a load takes; for an older sequence it is too low by what was applied since.
  int64_t pending_after(int64_t key, uint64_t applied_seq) const;
  static constexpr size_t kRemembered = 8;

  Stats stats() const;
  /// The name of this batcher's own journal.
  const JournalId& journal() const;

  /// Refuses new likes, sends what is pending for at most `drain_ms` (plus the sink call under way), then stops. What
  /// is left stays in the journal for another batcher to adopt, or for the next open() on the same directory. All
  /// `done` have been delivered when it returns. Idempotent; not from the batcher's own threads.
  void close(int64_t drain_ms);

 private:
  class Body;
  explicit Batcher(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace roost::batcher
