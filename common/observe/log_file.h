#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace roost::observe {

/// An append-only file of lines, rotated by size: path becomes path.1, path.1 becomes path.2, and the last of
/// `keep_files` is removed. Written by one process. Not thread-safe.
class LogFile {
 public:
  /// Opens or creates the file. If its last line is incomplete (a process died), writing continues on a new line.
  static Result<LogFile> open(std::string path, uint64_t rotate_bytes, unsigned keep_files);
  /// Appends to an open descriptor as it is, such as standard output, whatever is behind it: a file (appended to), a
  /// pipe, a socket, a terminal. Never rotated; reopen() does nothing. `name` is for messages. Makes a duplicate.
  static Result<LogFile> adopt(int descriptor, std::string name);
  LogFile(LogFile&& other) noexcept;
  LogFile& operator=(LogFile&&) = delete;
  ~LogFile();

  /// Writes whole lines, each with its newline. After an error some or all of them are missing; the next write begins
  /// on a new line.
  Result<void> write(std::string_view lines);
  /// Rotates if `bytes` more would exceed the size limit. After an error the old file stays in use, and the next
  /// attempt is made after another rotate_bytes.
  Result<void> rotate_if_due(size_t bytes);
  /// Reopens the path. After an error the old file stays in use.
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
  bool adopted_ = false;
  bool regular_ = true;
  bool torn_ = false;
};

}  // namespace roost::observe
