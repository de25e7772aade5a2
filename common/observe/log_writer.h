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

/// What append() does when the file does not keep up.
enum class Overflow : uint8_t {
  drop,  ///< Returns false; the line is counted and gone. For access logs: a slow disk must not slow requests.
  wait,  ///< Blocks until there is room. For logs that promise every line.
};

struct LogWriterOptions {
  std::string path = {};
  uint64_t rotate_bytes = 64 << 20;  ///< A file that has come to this size is renamed; 0 never rotates.
  unsigned keep_files = 4;           ///< Renamed files that stay: path.1 (newest) … path.N.
  size_t buffer_bytes = 1 << 20;     ///< Lines waiting to be written; twice that while a write is going on.
  int64_t pause_us = 100;            ///< After a write, gather lines this long before the next one.
  Overflow overflow = Overflow::drop;
};

struct LogWriterStats {
  uint64_t lines = 0;         ///< Appended.
  uint64_t dropped = 0;       ///< Refused by append: no room, or longer than the buffer.
  uint64_t lost = 0;          ///< Appended, in a batch that could not be written or only in part.
  uint64_t write_errors = 0;  ///< Failed writes, rotations and reopenings; see the event log.
  uint64_t writes = 0;        ///< Batches.
};

/// Lines from any thread into one file, written in batches by a thread of its own. A line appended while the writer
/// sleeps wakes it at once; those that come while it writes, or in the short pause after, go out together with the next
/// write. So a line is in the file some hundred microseconds after append, and a busy log costs few system calls.
///
/// Lines of one thread keep their order. A failed write (a full disk) loses the lines of that batch, is counted, and is
/// reported to the event log once until writing works again; it stops nothing. A line that a failed write left torn is
/// ended, so that it does not spoil the next. The destructor writes what is there.
class LogWriter {
 public:
  /// Opens or creates the file (0640) and starts the thread. `events` must outlive the writer.
  static Result<std::unique_ptr<LogWriter>> open(LogWriterOptions options, EventLog& events);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  /// `line` holds no newline and one is added. False when it was dropped. One copy under a short lock. With
  /// Overflow::wait it may block, and then must not be called by a thread that the disk is to wait for.
  bool append(std::string_view line);
  /// Returns when every line appended before has been written or lost. False when one was lost since the last flush.
  bool flush();
  /// Closes the file and opens the path anew, after what was appended before: for whoever renames it from outside.
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

  /// What an append has to wake: nothing, the idle thread, or the pausing thread once there is much to write.
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
