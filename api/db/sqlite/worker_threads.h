#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "api/db/sqlite/sqlite_connection.h"
#include "common/base/work_queue.h"

namespace roost::api {

/// Threads that run jobs from one bounded queue, each with a connection of its own.
class WorkerThreads {
 public:
  static constexpr size_t kMaxQueued = 4096;

  /// One thread per connection. The destructor runs what is queued.
  explicit WorkerThreads(std::vector<std::unique_ptr<SqliteConnection>> connections)
      : connections_(std::move(connections)), queue_({.threads = connections_.size(), .max_queued = kMaxQueued}) {}

  /// Calls `job(SqliteConnection&)` on one of the threads. False if kMaxQueued jobs are waiting; `job` is dropped then.
  /// Any thread.
  template <class Job>
  bool submit(Job job) {
    return queue_.submit([this, job = std::move(job)](size_t thread) mutable { job(*connections_[thread]); });
  }
  size_t queued() const { return queue_.queued(); }

 private:
  const std::vector<std::unique_ptr<SqliteConnection>> connections_;
  WorkQueue queue_;
};

}  // namespace roost::api
