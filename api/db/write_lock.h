#pragma once

#include <cstdint>
#include <string>

#include "common/base/result.h"

namespace roost::api {

/// The lock held around every write transaction and every checkpoint of one SQLite file, across threads and processes.
/// SQLite before 3.51.3 can damage a WAL when a commit races a checkpoint of another connection; with this lock they
/// never meet. An flock on a file beside the database: it goes away with its holder, however that ends. Each connection
/// that writes has an object of its own; one thread at a time.
class WriteLock {
 public:
  static Result<WriteLock> open(const std::string& path);
  WriteLock(WriteLock&& other) noexcept;
  WriteLock& operator=(WriteLock&& other) noexcept;
  ~WriteLock();

  /// Waits at most `timeout_ms`; a retryable error when somebody holds it longer.
  Result<void> lock(int64_t timeout_ms);
  void unlock();

 private:
  WriteLock(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_ = -1;
  std::string path_;
};

}  // namespace roost::api
