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
  /// Up to `size` bytes from `offset` into `into`; how many there were (less only at the end of the file).
  virtual Result<size_t> pread(char* into, size_t size, uint64_t offset) = 0;
  /// All of `bytes` at `offset`, or an error, after which any part of them may have been written.
  virtual Result<void> pwrite(std::string_view bytes, uint64_t offset) = 0;
  /// Makes the file `size` bytes of zeros with the space set aside, so that later writes within cannot fail for want of
  /// it. For a new file.
  virtual Result<void> preallocate(uint64_t size) = 0;
  /// Everything written is on stable storage. After an error nobody knows what is, and asking again would lie.
  virtual Result<void> datasync() = 0;
};

/// An exclusive hold on a directory; released by the destructor or by the end of the process, whatever ends it.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

/// The file operations a journal needs, so that a test can put a simulated disk under it. Errors carry the errno.
/// Calls come from two threads at once (never on one path); implementations must bear that.
class Disk {
 public:
  virtual ~Disk() = default;
  /// Makes one directory; EEXIST when there is one.
  virtual Result<void> create_directory(const std::string& path) = 0;
  /// An empty directory goes.
  virtual Result<void> remove_directory(const std::string& path) = 0;
  /// Makes a new file for reading and writing; EEXIST when there is one.
  virtual Result<std::unique_ptr<DiskFile>> create(const std::string& path) = 0;
  /// Opens a file for reading.
  virtual Result<std::unique_ptr<DiskFile>> open(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> unlink(const std::string& path) = 0;
  /// The names in a directory, in no order, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  /// Names created, renamed and removed in the directory are on stable storage.
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// Takes the directory's lock, without waiting: an error with code EWOULDBLOCK when somebody else has it, ENOENT
  /// when there is no such directory or it was moved away between opening and locking.
  virtual Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& path) = 0;
};

}  // namespace roost::batcher
