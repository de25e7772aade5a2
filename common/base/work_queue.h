#pragma once

#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "common/base/mutex.h"
#include "common/base/task.h"

namespace roost {

/// A bounded queue of jobs and the threads that run them, in order of submission.
class WorkQueue {
 public:
  /// Called with the number of the thread that runs it, below Options::threads.
  using Job = UniqueFunction<void(size_t thread)>;
  /// What the destructor does with jobs that no thread has begun.
  enum class AtEnd : unsigned char { run, drop };

  struct Options {
    size_t threads = 1;
    size_t max_queued = 64;  ///< Jobs that wait for a thread.
    AtEnd at_end = AtEnd::run;
  };

  explicit WorkQueue(const Options& options);
  /// Waits for the jobs that are running. Not from within a job.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  /// False, and `job` is not moved from, if max_queued jobs are waiting. Any thread.
  bool submit(Job&& job);
  /// Jobs that no thread has begun.
  size_t queued() const;

 private:
  void run(size_t thread);
  bool take(Job& job);

  const Options options_;
  mutable Mutex mutex_;
  CondVar wake_;
  std::deque<Job> jobs_ ROOST_GUARDED_BY(mutex_);
  bool ending_ ROOST_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace roost
