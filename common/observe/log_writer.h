#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "common/base/mutex.h"
#include "common/base/result.h"
#include "common/observe/event_log.h"
#include "common/observe/log_file.h"

namespace roost::observe {

/// What append() does when the buffer is full.
enum class Overflow : uint8_t {
  drop,  ///< Drops and counts the line. For access logs: a slow disk must not slow requests.
  wait,  ///< Blocks until there is room. For logs that must have every line.
};

struct LogWriterOptions {
  std::string path = {};
  uint64_t rotate_bytes = 64 << 20;  ///< A file is renamed before it exceeds this size; 0 never rotates.
  unsigned keep_files = 4;           ///< Renamed files that are kept: path.1 (newest) … path.N.
  size_t buffer_bytes = 1 << 20;     ///< Of lines waiting to be written; twice that during a write.
  int64_t pause_us = 100;            ///< Pause after a write, in which lines gather for the next.
  Overflow overflow = Overflow::drop;
};

struct LogWriterStats {
  uint64_t lines = 0;         ///< Appended.
  uint64_t dropped = 0;       ///< By append(): buffer full, or line longer than the buffer.
  uint64_t lost = 0;          ///< Appended, but in a batch that failed to be written.
  uint64_t write_errors = 0;  ///< Failed writes, rotations and reopenings.
  uint64_t writes = 0;        ///< Batches.
};

/// Appends lines from any thread to one file, in batches on a thread of its own. A line wakes the idle writer at once;
/// lines that arrive during a write or the short pause after it go into the next write together. So a line is in the
/// file some hundred microseconds after append(), and a busy log makes few system calls.
///
/// Lines of one thread keep their order. A failed write (such as a full disk) loses the lines of its batch and is
/// counted; the event log gets one event per series of failures. The next write begins on a new line. The destructor
/// writes the remaining lines.
class LogWriter {
 public:
  /// Opens or creates the file (0640) and starts the thread. `events` must outlive the writer.
  static Result<std::unique_ptr<LogWriter>> open(LogWriterOptions options, EventLog& events);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// Adds `line`, which has no newline, and a newline. False if it was dropped. One copy under a short lock; with
  /// Overflow::wait it may block for as long as the disk does.
  bool append(std::string_view line);
  /// Waits until every line appended before is written or lost. False if a line was lost since the last flush.
  bool flush();
  /// Reopens the path, after the lines appended before have been written: for log rotation from outside.
  void reopen();
  LogWriterStats stats() const;

 private:
  LogWriter(LogWriterOptions options, LogFile file, EventLog& events);
  void run();
  void wait_for_work() ROOST_REQUIRES(mutex_);
  void write_batch() ROOST_REQUIRES(mutex_);
  void reopen_file() ROOST_REQUIRES(mutex_);
  void pause() ROOST_REQUIRES(mutex_);
  bool pause_is_over() const ROOST_REQUIRES(mutex_);
  void report(const Result<void>& outcome);
  void wake() ROOST_REQUIRES(mutex_);

  /// The writer's sleep, which append() ends: none, idle (at once), pause (once much is waiting).
  enum class Rest : uint8_t { none, idle, pause };

  const LogWriterOptions options_;
  EventLog& events_;
  LogFile file_;                 ///< Writing thread only.
  std::string writing_;          ///< Writing thread only.
  bool error_reported_ = false;  ///< Writing thread only.

  mutable Mutex mutex_;
  CondVar work_;
  CondVar progress_;
  std::string filling_ ROOST_GUARDED_BY(mutex_);
  uint64_t filling_lines_ ROOST_GUARDED_BY(mutex_) = 0;
  uint64_t finished_lines_ ROOST_GUARDED_BY(mutex_) = 0;  ///< Written or lost.
  uint64_t lost_at_flush_ ROOST_GUARDED_BY(mutex_) = 0;
  LogWriterStats stats_ ROOST_GUARDED_BY(mutex_);
  Rest rest_ ROOST_GUARDED_BY(mutex_) = Rest::none;
  unsigned flushers_ ROOST_GUARDED_BY(mutex_) = 0;
  bool reopen_wanted_ ROOST_GUARDED_BY(mutex_) = false;
  bool stopping_ ROOST_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace roost::observe
