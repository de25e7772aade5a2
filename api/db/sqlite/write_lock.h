#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/base/result.h"

namespace roost::api {

/// The lock held around every write transaction and every checkpoint of one SQLite file, across threads and processes.
/// SQLite before 3.51.3 can damage a WAL when a commit races a checkpoint of another connection; with this lock they
/// never meet. An flock on a file beside the database, which the kernel releases when its holder dies. Each writing
/// connection has an object of its own; one thread at a time.
///
/// The queue is fair: only the holder of the turn, a second lock on the file's first byte, may take the lock, and
/// releases the turn once it has the lock. Without it a writer that is always busy would starve the others, which are
/// asleep whenever the lock is free.
class WriteLock {
 public:
  static Result<WriteLock> open(const std::string& path);
  WriteLock(WriteLock&& other) noexcept;
  WriteLock& operator=(WriteLock&& other) noexcept;
  ~WriteLock();

  /// Waits at most `timeout_ms`; a retryable error when the lock is not free by then.
  Result<void> lock(int64_t timeout_ms);
  void unlock();

 private:
  WriteLock(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  bool take_turn(short type) const;
  /// Whether `attempt` has succeeded by then.
  bool try_until(bool (WriteLock::*attempt)() const, std::chrono::steady_clock::time_point deadline) const;
  bool try_turn() const;
  bool try_lock() const;
  int fd_ = -1;
  std::string path_;
};

}  // namespace roost::api
