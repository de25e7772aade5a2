#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "batcher/journal_writer.h"
#include "batcher/like_intake.h"
#include "batcher/like_ledger.h"
#include "batcher/options.h"
#include "batcher/stats.h"
#include "batcher/token_window.h"
#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace roost::batcher {

/// Work of one commit step besides its group of likes, and the results.
struct CommitWork {
  std::optional<StoreId> store;  ///< The journal is to name this store from now on.
  bool batch_asked = false;
  bool must_sync = false;
  uint64_t applied_hint = 0;   ///< Sequence of the batch last applied, if the journal does not say so yet.
  bool hint_staged = false;    ///< The hint was written.
  std::optional<Batch> batch;  ///< What the sink thread asked for; none if nothing is due any more.
  Result<void> likes;          ///< Of the group.
  Result<void> asked;          ///< Of the batch.
};

/// What is to be done after a commit step, once the mutex is released.
struct CommitOutcome {
  std::vector<Completion> completions;
  bool wake_sink = false;
};

/// The likes of one batcher, from add() to applied, as its threads share them: a ledger of what is durable and the
/// group being collected, behind one mutex, which is never held during I/O.
///
///   any thread     add, add_once, pending, pending_after, fill_stats, stop_accepting
///   commit thread  take_work, select_batch, state, publish, note_journal, wait_for_commit_work (see GroupCommit)
///   sink thread    has_due, ask_for_batch, batch_state, in_flight, mark_applied, quiet_until (see OwnFlush)
class LikeLog {
 public:
  enum class BatchState : unsigned char {
    none,   ///< No batch in flight.
    asked,  ///< The commit thread has yet to write one.
    ready,  ///< in_flight() is durable and may be sent.
    failed  ///< The frame could not be written; reported once, then none.
  };

  LikeLog(const Options& options, Clock& clock, const JournalId& id);

  /// As Batcher::add.
  Result<void> add(int64_t key, int64_t delta, Done&& done);
  /// As Batcher::add_once.
  Result<Added> add_once(int64_t key, const LikeToken& token, Done&& done);
  int64_t pending(int64_t key) const;
  int64_t pending_after(int64_t key, uint64_t applied_seq) const;
  void fill_stats(Stats& stats) const;
  const JournalId& id() const { return id_; }
  /// Refuses likes until set_store() is called.
  void await_store();
  /// The identity of the sink's store, which the journal names before it takes the next like; nothing if it has none.
  /// Any thread.
  void set_store(const std::optional<StoreId>& store);
  /// Refuses likes from now on.
  void stop_accepting();
  /// The answers of one group have been run.
  void on_answers_run();

  // ---- sink thread ----

  /// True if a key is due; with `all`, if any like is in no batch yet.
  bool has_due(bool all) const;
  /// Asks the commit thread for the next batch: of the keys that are due, or of all of them.
  void ask_for_batch(bool all);
  BatchState batch_state();
  /// While batch_state() is `ready`; valid until mark_applied().
  const Batch& in_flight() const;
  void mark_applied();
  /// Nothing is pending or waits to become durable.
  bool drained() const;
  /// Likes that become due before `until_ms` do not wake the sink thread, which runs by then anyway.
  void quiet_until(int64_t until_ms);

  // ---- commit thread ----

  /// Takes the collected group in exchange for `group`, which is empty, and says what else is to be done. False if
  /// there is nothing to do.
  bool take_work(const JournalUpkeep& upkeep, LikeGroup& group, CommitWork& work);
  /// The batch that was asked for, with at most `most_keys` keys; none if nothing is due any more.
  std::optional<Batch> select_batch(size_t most_keys) const;
  /// The snapshot of a new segment.
  JournalState state() const;
  /// `group` and the batch of `work` are durable or have failed, as `work` says. Moves the callbacks out of `group`.
  CommitOutcome publish(LikeGroup& group, CommitWork& work);
  void note_journal(JournalStatus status);
  /// Returns when take_work() would return true, or after stop_commits().
  void wait_for_commit_work(const JournalUpkeep& upkeep);
  /// The last step syncs whatever is unsynced. Any thread.
  void stop_commits();
  bool commits_stopped() const;

 private:
  Result<void> take(int64_t key, int64_t delta, const LikeToken* token, Done&& done);
  bool group_is_due() const ROOST_REQUIRES(mutex_);
  bool has_commit_work(const JournalUpkeep& upkeep) const ROOST_REQUIRES(mutex_);
  void publish_batch(CommitWork& work, int64_t now_ms) ROOST_REQUIRES(mutex_);

  const Options& options_;
  Clock& clock_;
  const JournalId id_;

  mutable Mutex mutex_;
  CondVar commit_wake_;
  LikeLedger ledger_ ROOST_GUARDED_BY(mutex_);
  LikeIntake intake_ ROOST_GUARDED_BY(mutex_);
  TokenWindow known_tokens_ ROOST_GUARDED_BY(mutex_);      ///< Of acknowledged likes.
  size_t answers_under_way_ ROOST_GUARDED_BY(mutex_) = 0;  ///< Groups delivered whose answers have not been run.
  bool commit_thread_waits_ ROOST_GUARDED_BY(mutex_) = false;
  bool stopping_ ROOST_GUARDED_BY(mutex_) = false;
  BatchState batch_state_ ROOST_GUARDED_BY(mutex_) = BatchState::none;
  bool batch_all_ ROOST_GUARDED_BY(mutex_) = false;  ///< Of the batch that was asked for.
  std::optional<StoreId> store_to_write_ ROOST_GUARDED_BY(mutex_);
  uint64_t applied_hint_ ROOST_GUARDED_BY(mutex_) = 0;
  int64_t quiet_until_ms_ ROOST_GUARDED_BY(mutex_) = 0;
  Stats stats_ ROOST_GUARDED_BY(mutex_);
};

}  // namespace roost::batcher
