#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "batcher/journal_writer.h"
#include "batcher/like_log.h"
#include "common/base/mutex.h"

namespace roost::batcher {

/// The commit thread's work: takes the likes collected in a LikeLog, writes and syncs them in one piece, and answers
/// all callers at once. Meanwhile the next group is collected. Starts no thread, so that a simulation can run the steps
/// in any order; used by one thread.
class GroupCommit {
 public:
  /// `wake_sink` is called when the sink thread has something to look at. `options` and `log` must outlive it.
  GroupCommit(Options& options, Clock& clock, std::unique_ptr<Journal> journal, LikeLog& log,
              std::function<void()> wake_sink);
  /// Answers may outlive it.
  ~GroupCommit();
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  /// Writes one group of likes, the batch that was asked for, or both, and delivers the answers. False if there was
  /// nothing to do.
  bool step();
  /// Returns when step() has something to do, or after LikeLog::stop_commits().
  void wait() { log_.wait_for_commit_work(writer_.upkeep()); }

  /// Not while another thread is in step().
  Journal& journal() { return writer_.journal(); }
  /// Releases the journal's lock. No step() may follow.
  void release_journal() { writer_.release(); }

 private:
  /// How answers report that they have been run; they may do so after the end of the log.
  struct Return {
    Mutex mutex;
    LikeLog* log ROOST_GUARDED_BY(mutex) = nullptr;  ///< Null once the log is gone.
  };
  void write(CommitWork& work);
  Result<void> stage_batch(CommitWork& work);
  void deliver(std::vector<Completion> completions);

  Options& options_;
  LikeLog& log_;
  const std::function<void()> wake_sink_;
  const std::shared_ptr<Return> return_;
  JournalWriter writer_;
  LikeGroup group_;  ///< Empty between steps.
};

}  // namespace roost::batcher
