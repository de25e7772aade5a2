#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roost::api {

/// A place in the files of one request log: how far it has been read.
struct LogPosition {
  std::string file;     ///< LogTail::name_of() its first line; empty before the first file
  uint64_t offset = 0;  ///< bytes of it
  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

/// Reads a worker's request log forwards, from the oldest of its files to the one that is being written, in chunks of
/// whole lines. Goes on reading a file that is renamed or removed meanwhile. Blocks as files do. Not thread-safe.
class LogTail {
 public:
  static constexpr size_t kChunkBytes = 1 << 20;

  /// `path` is that of the file being written; `path`.1 … `path`.N are the older ones.
  explicit LogTail(std::string path) : path_(std::move(path)) {}
  LogTail(const LogTail&) = delete;
  LogTail& operator=(const LogTail&) = delete;
  ~LogTail() { close(); }

  /// From here on. When that file is gone, from the oldest that there is.
  void seek(const LogPosition& position);
  /// The next lines, without moving past them: empty when there are none yet. Valid until the next call.
  std::string_view next();
  /// Where the lines of the last next() begin and end.
  const LogPosition& position() const { return position_; }
  LogPosition end() const { return {position_.file, position_.offset + size_}; }
  /// Moves past the lines of the last next().
  void advance();
  /// Whether files may have been removed that were not read; asked once.
  bool take_lost() { return std::exchange(lost_, false); }

  /// What identifies a file whatever it is renamed to: a hash of its first line, which has a time and a request's id.
  static std::string name_of(std::string_view first_line);

 private:
  struct File {
    std::string path;
    std::string name;
  };
  std::vector<File> list() const;
  std::vector<File> list_once() const;
  bool open(const File& file, uint64_t offset);
  bool open_after(const std::string& name);
  bool read_chunk();
  bool is_complete() const;
  void close();

  const std::string path_;
  int descriptor_ = -1;
  LogPosition position_;
  std::string buffer_;
  size_t size_ = 0;  ///< of the whole lines in buffer_
  bool lost_ = false;
};

}  // namespace roost::api
