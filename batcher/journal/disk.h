#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace roost::batcher {

/// An open file. Closed by the destructor. One thread at a time.
class DiskFile {
 public:
  virtual ~DiskFile() = default;
  virtual Result<uint64_t> size() = 0;
  /// Reads up to `size` bytes at `offset`; returns how many, fewer only at the end of the file.
  virtual Result<size_t> pread(char* into, size_t size, uint64_t offset) = 0;
  /// Writes all of `bytes` at `offset`. After an error any part of them may have been written.
  virtual Result<void> pwrite(std::string_view bytes, uint64_t offset) = 0;
  /// Allocates `size` bytes of zeros, so that later writes within them cannot fail for lack of space. For a new file.
  virtual Result<void> preallocate(uint64_t size) = 0;
  /// fdatasync. After an error it is unknown what is on stable storage, and a second call that succeeds proves nothing.
  virtual Result<void> datasync() = 0;
};

/// An exclusive lock on a directory; released by the destructor or by the end of the process, however it ends.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

/// The file operations of a journal, as an interface so that tests can use a simulated disk. Errors carry the errno.
/// Calls may come from two threads at once, but never for the same path.
class Disk {
 public:
  virtual ~Disk() = default;
  /// EEXIST if the path exists. Parents must exist.
  virtual Result<void> create_directory(const std::string& path) = 0;
  /// Of an empty directory.
  virtual Result<void> remove_directory(const std::string& path) = 0;
  /// Creates a file for reading and writing; EEXIST if the path exists.
  virtual Result<std::unique_ptr<DiskFile>> create(const std::string& path) = 0;
  /// Opens a file for reading.
  virtual Result<std::unique_ptr<DiskFile>> open(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> unlink(const std::string& path) = 0;
  /// The names in a directory, in any order, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  /// Makes the creation, renaming and removal of names in the directory durable.
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// Locks the directory without waiting: EWOULDBLOCK if another process has the lock, ENOENT if the directory does not
  /// exist or was renamed between opening and locking.
  virtual Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& path) = 0;
};

}  // namespace roost::batcher
