#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "common/base/result.h"

namespace roost::observe {

/// What append() does when the buffer is full.
enum class Overflow : uint8_t {
  drop,  ///< Drops and counts the line. For access logs: a slow disk must not slow requests.
  wait,  ///< Waits for room, at most max_wait_ms; then as drop until the file takes lines again.
};

struct LogWriterOptions {
  std::string path = {};
  int descriptor = -1;               ///< If given, this descriptor as it is (LogFile::adopt); `path` is its name.
  uint64_t rotate_bytes = 64 << 20;  ///< A file is renamed before it exceeds this size; 0 never rotates.
  unsigned keep_files = 4;           ///< Renamed files that are kept: path.1 (newest) … path.N.
  size_t buffer_bytes = 1 << 20;     ///< Of lines waiting to be written; twice that during a write.
  int64_t pause_us = 100;            ///< Pause after a write, in which lines gather for the next.
  Overflow overflow = Overflow::drop;
  int64_t max_wait_ms = 100;   ///< For Overflow::wait.
  int64_t give_up_ms = 1'000;  ///< How long the destructor waits for a write that does not end.
  /// The line, without newline, that stands in the file for `missing` lines that could not be written. If not set, a
  /// gap leaves no trace in the file. Called on the writer's thread.
  std::function<std::string(uint64_t missing)> gap_line = {};
  /// Called when a write, rotation or reopening failed, and with success when writing works again: once for each series
  /// of failures. On the writer's thread, under its lock; see log_report().
  std::function<void(const Result<void>& outcome)> report = {};
};

struct LogWriterStats {
  uint64_t lines = 0;         ///< Appended.
  uint64_t dropped = 0;       ///< By append(): buffer full, or line longer than the buffer.
  uint64_t lost = 0;          ///< Appended, but in a batch that failed to be written.
  uint64_t missing = 0;       ///< Of dropped and lost, those that no gap line tells of yet.
  uint64_t write_errors = 0;  ///< Failed writes, rotations and reopenings.
  uint64_t writes = 0;        ///< Batches.
};

/// Appends lines from any thread to one file, in batches on a thread of its own. A line wakes the idle writer at once;
/// lines that arrive during a write or the short pause after it go into the next write together. So a line is in the
/// file some hundred microseconds after append(), and a busy log makes few system calls.
///
/// Lines of one thread keep their order. A failed write (such as a full disk) loses the lines of its batch and is
/// counted; the next write begins on a new line, with a gap line if there is one. The destructor writes the remaining
/// lines, but gives up a write that hangs (a pipe that nobody reads, a disk that does not answer) after give_up_ms.
class LogWriter {
 public:
  /// Opens or creates the file (0640) and starts the thread.
  static Result<std::unique_ptr<LogWriter>> open(LogWriterOptions options);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Adds `line`, which has no newline, and a newline. False if it was dropped. One copy under a short lock; with
  /// Overflow::wait it may block for max_wait_ms.
  bool append(std::string_view line);
  static constexpr int64_t kForever = -1;
  /// Waits until every line appended before is written or lost, at most `most_ms`. False if that took longer or if a
  /// line was lost since the last flush.
  bool flush(int64_t most_ms = kForever);
  /// Reopens the path, after the lines appended before have been written: for log rotation from outside.
  void reopen();
  LogWriterStats stats() const;

 private:
  class Core;  // what the thread uses; outlives this object while a write hangs
  explicit LogWriter(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
  std::thread thread_;
};

}  // namespace roost::observe
