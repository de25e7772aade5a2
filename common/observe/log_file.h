#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace roost::observe {

/// A file of lines that is only appended to, and rotated by size: path becomes path.1, path.1 becomes path.2, and the
/// last of `keep_files` goes. One process writes it. Not thread-safe.
class LogFile {
 public:
  /// Opens or creates the file. One that ends in a torn line (a process died) is continued on a new line.
  static Result<LogFile> open(std::string path, uint64_t rotate_bytes, unsigned keep_files);
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&&) = delete;
  ~LogFile();

  /// Writes whole lines, each with its newline. An error means that some of them, perhaps all, are not in the file; the
  /// next write starts a new line and may succeed.
  Result<void> write(std::string_view lines);
  /// Rotates if the file would grow beyond its size by `bytes` more. After an error the old file stays in use, for
  /// another rotate_bytes before the next attempt.
  Result<void> rotate_if_due(size_t bytes);
  /// Opens the path anew; on error the old file stays in use.
  Result<void> reopen();

 private:
  LogFile(std::string path, uint64_t rotate_bytes, unsigned keep_files);
  Result<void> rotate();
  Result<void> write_all(std::string_view bytes);

  std::string path_;
  uint64_t rotate_bytes_;
  unsigned keep_files_;
  int descriptor_ = -1;
  uint64_t size_ = 0;
  uint64_t rotate_at_;
  bool regular_ = true;
  bool torn_ = false;
};

}  // namespace roost::observe
