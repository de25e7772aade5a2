#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roost::api {

/// Reads the lines of a file from the last to the first, in blocks. Text after the last newline is an incomplete line
/// and skipped; so is a line longer than kMaxRecordBytes. The file's size is taken at the first call of next(). Owns
/// the file descriptor. Not thread-safe.
class ReverseLines {
 public:
  static constexpr size_t kBlockBytes = 64 * 1024;

  explicit ReverseLines(int descriptor) : descriptor_(descriptor) {}
  ReverseLines(ReverseLines&& other) noexcept;
  ReverseLines& operator=(ReverseLines&&) = delete;
  ~ReverseLines();

  /// Without its newline, valid until the next call; nothing at the file's start or after a read error.
  std::optional<std::string_view> next();
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t lines_too_long() const { return lines_too_long_; }
  bool failed() const { return failed_; }

 private:
  void find_end();
  bool read_block();

  int descriptor_;
  uint64_t offset_ = 0;  // in the file, of buffer_[0]
  std::string buffer_;   // [0, end_) has not been returned yet
  size_t end_ = 0;
  bool skipping_ = true;  // the bytes before end_ belong to a line that is skipped
  bool started_ = false;
  bool failed_ = false;
  uint64_t bytes_read_ = 0;
  uint64_t lines_too_long_ = 0;
};

}  // namespace roost::api
