#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "api/db/sqlite/sqlite_connection.h"
#include "common/base/task.h"

namespace roost::api {

/// Threads that work off one bounded queue, each with a connection of its own.
class WorkerThreads {
 public:
  using Job = UniqueFunction<void(SqliteConnection&)>;
  static constexpr size_t kMaxQueued = 4096;

  /// One thread per connection.
  explicit WorkerThreads(std::vector<std::unique_ptr<SqliteConnection>> connections);
  /// Finishes what is queued, then ends the threads.
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  /// False, and `job` is not moved from, when kMaxQueued jobs are waiting. Any thread.
  bool submit(Job&& job);
  size_t queued() const;

 private:
  void work(SqliteConnection& connection);

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;  // guarded by mutex_
  bool ending_ = false;    // guarded by mutex_
  std::vector<std::unique_ptr<SqliteConnection>> connections_;
  std::vector<std::thread> threads_;
};

}  // namespace roost::api
