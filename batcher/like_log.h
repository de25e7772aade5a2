#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "batcher/batcher.h"
#include "batcher/journal/journal.h"
#include "batcher/key_counts.h"
#include "batcher/like_ledger.h"
#include "batcher/token_window.h"

namespace roost::batcher {

/// The limits and habits of a journal that `options` asks for.
JournalLimits journal_limits(const Options& options);

/// From add() to durable: a ledger and its journal behind one mutex, with group commit. Likes gather in a group, folded
/// by key, while the group before is written, synced and answered; commit_step() does one group. Three parties use it:
///
///   any thread     add, add_once, pending, pending_after, fill_stats
///   commit thread  commit_step, wait_for_commit_work
///   sink thread    ask_for_batch, batch_state, in_flight, mark_applied, has_due
///
/// No method runs a thread, so that a simulation can take every step in any order. The mutex is never held during I/O.
class LikeLog {
 public:
  enum class BatchState : unsigned char {
    none,   ///< None in flight.
    asked,  ///< The commit thread has yet to write one.
    ready,  ///< in_flight() is durable and may be sent.
    failed  ///< The frame could not be written; reported once, then none.
  };

  /// `wake_sink` is called, on the commit thread, when the sink thread has something to look at.
  LikeLog(Options& options, Clock& clock, std::unique_ptr<Journal> journal, std::function<void()> wake_sink);
  /// Answers may still be under way.
  ~LikeLog();
  LikeLog(const LikeLog&) = delete;
  LikeLog& operator=(const LikeLog&) = delete;

  /// As Batcher::add.
  Result<void> add(int64_t key, int64_t delta, Batcher::Done&& done);
  /// As Batcher::add_once.
  Result<Added> add_once(int64_t key, const LikeToken& token, Batcher::Done&& done);
  int64_t pending(int64_t key) const;
  int64_t pending_after(int64_t key, uint64_t applied_seq) const;
  void fill_stats(Stats& stats) const;
  const JournalId& id() const { return id_; }

  /// Refuses likes from now on.
  void stop_accepting();

  // ---- commit thread ----

  /// Writes one group: likes that gathered, a batch that was asked for. Delivers the answers. False when there was
  /// nothing to do.
  bool commit_step();
  /// Returns when commit_step() would have something to do, or `stopping` was set by stop_commits().
  void wait_for_commit_work();
  void stop_commits();
  bool commits_stopped() const;

  // ---- sink thread ----

  /// Whether something is due; anything pending at all when `all`.
  bool has_due(bool all) const;
  /// Has the commit thread put together and write the next batch.
  void ask_for_batch(bool all);
  BatchState batch_state();
  /// While batch_state() is `ready`. Stays valid until mark_applied().
  const Batch& in_flight() const;
  void mark_applied();
  /// Nothing pending and nothing under way.
  bool drained() const;
  /// wake_sink is not needed for what becomes due before `until_ms`: the sink thread will look by then anyway.
  void quiet_until(int64_t until_ms);

  // ---- the end, when the commit thread is gone ----

  Journal& journal() { return *journal_; }
  /// Lets go of the journal's lock. Nothing but the any-thread methods may follow, and add() refuses.
  void release_journal() { journal_.reset(); }

 private:
  /// The way back of answers that have been run, as long as there is a log.
  struct Return {
    std::mutex mutex;
    LikeLog* log;  ///< Guarded by it; null once the log is gone.
  };
  struct Waiting {
    int64_t key;
    Batcher::Done done;
  };
  struct Group {
    KeyCounts likes;
    std::vector<TokenedLike> tokens;  ///< Of those likes that have one.
    std::vector<Waiting> waiting;
    int64_t first_unix_ms = 0;
    void clear() {
      likes.clear();
      tokens.clear();
      waiting.clear();
    }
  };
  /// What one commit_step() works on.
  struct Step {
    bool batch_asked = false;
    bool must_sync = false;
    uint64_t applied_hint = 0;
    bool hint_staged = false;
    std::optional<Batch> batch;
    Result<void> likes;  ///< What became of the group's likes.
    Result<void> asked;  ///< What became of the batch that was asked for.
  };
  Result<void> take(int64_t key, int64_t delta, const LikeToken* token, Batcher::Done&& done);
  Result<void> refusal(int64_t key, bool has_token);
  bool interval_sync_due(int64_t now_ms) const;
  bool mend_due(int64_t now_ms) const;
  bool group_is_due() const;
  bool has_commit_work() const;
  bool take_work(Step& step);
  void write_step(Step& step);
  Result<void> stage_likes();
  Result<void> stage_batch(Step& step);
  void stage_applied(Step& step);
  Result<void> begin_segment();
  void publish(Step& step);
  void publish_batch(Step& step, int64_t now_ms);
  void deliver(std::vector<Completion> completions);
  void on_answers_run();
  void note_disk();
  void report(const Error& error);

  Options& options_;
  Clock& clock_;
  const JournalId id_;
  const std::function<void()> wake_sink_;
  const std::shared_ptr<Return> return_;

  // Of the commit thread alone.
  std::unique_ptr<Journal> journal_;
  Group committing_;
  std::string payload_;
  int64_t last_sync_ms_ = 0;
  int64_t retry_segment_at_ms_ = 0;
  int segment_failures_ = 0;  ///< In a row.
  Error segment_error_;
  uint64_t rotations_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable commit_wake_;
  // Below: guarded by mutex_.
  LikeLedger ledger_;
  Group filling_;
  TokenWindow known_tokens_;  ///< Of likes that were acknowledged.
  size_t committing_keys_ = 0;
  size_t committing_tokens_ = 0;
  size_t answers_under_way_ = 0;  ///< Groups delivered whose answers have not been run.
  bool commit_thread_waits_ = false;
  bool accepting_ = true;
  bool stopping_ = false;
  bool unsynced_ = false;
  std::optional<Error> disk_error_;  ///< Why add() refuses, until refuse_until_ms_.
  int64_t refuse_until_ms_ = 0;
  BatchState batch_state_ = BatchState::none;
  bool batch_all_ = false;
  uint64_t applied_hint_ = 0;
  int64_t quiet_until_ms_ = 0;
  Stats stats_;
};

}  // namespace roost::batcher
