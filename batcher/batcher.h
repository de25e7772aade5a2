#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "batcher/answers.h"
#include "batcher/flush_policy.h"
#include "batcher/journal/disk.h"
#include "batcher/journal/journal_id.h"
#include "batcher/sink.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/base/task.h"

namespace roost::batcher {

/// What add_once() has made of a like.
enum class Added : unsigned char {
  waiting,  ///< It is on its way to the disk; `done` will say.
  known,    ///< It was acknowledged before, under the same token: it is counted, once.
};

/// When an accepted like is on disk.
enum class Durability : unsigned char {
  durable,   ///< Before it is acknowledged: survives kill -9 and loss of power.
  interval,  ///< At most sync_interval_ms after: survives kill -9; a loss of power costs at most that much.
  os,        ///< When the system gets to it: survives kill -9; a loss of power costs what the system had not written.
};

/// Everything has a default but `directory`.
struct Options {
  std::string directory;  ///< Where journals live, shared by all batchers of one host and one sink. Made if missing.
  FlushPolicy policy;
  Durability durability = Durability::durable;
  int64_t sync_interval_ms = 1000;          ///< For Durability::interval.
  int64_t batch_spacing_ms = 100;           ///< At least this long from the start of one batch to the next.
  size_t max_batch_keys = 10'000;           ///< Keys in one batch.
  size_t max_pending_keys = 200'000;        ///< Keys with likes not known applied; a like for one more is refused.
  size_t max_pending_tokens = 65'536;       ///< Likes with a token not known applied; one more is refused.
  int64_t token_memory_ms = 600'000;        ///< For so long a repeat is answered from memory; then the sink's counts.
  size_t max_known_tokens = 100'000;        ///< Tokens in that memory; older ones go first.
  size_t max_waiting = 65'536;              ///< Likes waiting to become durable; one more is refused.
  uint64_t segment_bytes = 8u << 20;        ///< Size of a journal segment; larger when its snapshot needs it.
  uint64_t max_journal_bytes = 256u << 20;  ///< All segments together.
  int64_t adoption_interval_ms = 2000;      ///< How often journals of dead batchers are looked for.
  Backoff backoff;                          ///< Between attempts that failed, of the sink and of the disk.

  /// Receives all answers of one group commit at once, on the batcher's commit thread, so that an event loop is woken
  /// once per group: post them to the loop and run() them there, soon, since the next group waits for that. Without it
  /// each `done` is called on the commit thread itself. Must not block, and must not call back into the batcher's
  /// close().
  UniqueFunction<void(Answers)> deliver;
  /// Called on the sink thread for every batch known to be applied (adopted ones too, those found out by asking
  /// too), just before its likes stop being pending: the place to drop cached counts. May be called again for a batch
  /// after a crash.
  UniqueFunction<void(const Batch&)> on_applied;
  /// One sentence for the log, from either thread, when something is wrong (a failing disk, a damaged journal) or
  /// worth knowing (an adoption).
  std::function<void(std::string_view)> report;
  /// 64 random bits per call, from either thread; the system's generator when not given. Tests pass a seeded one.
  std::function<uint64_t()> random;
};

/// Figures since open(), all from one moment.
struct Stats {
  int64_t pending = 0;            ///< Likes accepted and not known applied.
  size_t pending_keys = 0;        ///< Keys they are for.
  int64_t oldest_pending_ms = 0;  ///< Age of the oldest like not yet in a batch; 0 when there is none.
  uint64_t accepted = 0;          ///< Likes acknowledged.
  uint64_t repeats = 0;           ///< Likes whose token was known, and which count nothing.
  uint64_t refused = 0;           ///< Likes refused at a limit, or failed by the disk.
  uint64_t applied = 0;           ///< Likes known applied, of the own journal.
  uint64_t batches = 0;           ///< Batches known applied, of the own journal.
  uint64_t last_batch_keys = 0;
  uint64_t last_batch_likes = 0;
  uint64_t statements_saved = 0;  ///< applied - batches: what one statement per like would have cost more.
  uint64_t sink_failures = 0;     ///< Attempts not applied or of unknown outcome.
  uint64_t groups = 0;            ///< Group commits.
  uint64_t syncs = 0;             ///< fdatasync calls.
  uint64_t journal_bytes = 0;     ///< Space set aside for the own journal's segments.
  uint64_t rotations = 0;         ///< Segments begun after the first.
  uint64_t adopted = 0;           ///< Journals of others drained and removed.
  uint64_t quarantined = 0;       ///< Journals of others found damaged and put aside.
  bool accepting = true;          ///< False while the disk keeps the journal from being written, and once closed.
};

/// Collects increments of counters ("likes"), makes them durable in a journal, and applies them to a Sink in batches,
/// each exactly once, whatever crashes in between. See docs/batcher.md for the protocol.
///
/// Two threads of its own: the commit thread writes and syncs the journal, the sink thread sends batches and adopts
/// the journals of batchers that died. Disk, Clock and Sink must outlive the batcher.
class Batcher {
 public:
  using Done = UniqueFunction<void(Result<Accepted>)>;
  static constexpr int64_t kMaxDelta = 1'000'000;

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
