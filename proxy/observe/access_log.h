#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/observe/event_log.h"
#include "common/observe/log_writer.h"
#include "proxy/observe/counters.h"
#include "proxy/observe/failure.h"

namespace roost::proxy {

/// One answered request, for the access log. The views are used during the call only.
struct AccessRecord {
  int64_t unix_ms = 0;  ///< when it was answered
  std::string_view client;
  std::string_view request_id;
  std::string_view method;
  std::string_view target;
  int status = 0;
  uint64_t bytes = 0;  ///< of the body, sent to the client
  Outcome outcome = Outcome::internal;
  std::string_view backend;  ///< empty if none was asked
  uint32_t retries = 0;
  int64_t total_us = 0;          ///< from the request head to the end of the response
  int64_t backend_head_us = -1;  ///< of that, waiting for the backend's response head; -1: no backend
  Ending ending = Ending::complete;
  const Failure* failure = nullptr;  ///< null: nothing failed
};

/// The record as one JSON object, without a newline; appended to `line`.
void format_access_record(const AccessRecord& record, std::string& line);

/// Rotation by the program itself: path becomes path.1, path.1 becomes path.2, and the last of `keep_files` is removed.
struct LogRotation {
  uint64_t size_bytes = 0;  ///< before a file exceeds this size; 0: never
  unsigned keep_files = 4;
};

/// The access log of all threads: one JSON line per request. Writing never blocks; when the disk is too slow, lines are
/// dropped.
class AccessLog {
 public:
  /// `target`: a file's path, or "-" for standard output, whatever that is. `events` must outlive the log.
  static Result<std::unique_ptr<AccessLog>> open(const std::string& target, const LogRotation& rotation,
                                                 observe::EventLog& events);
  /// False if the line was dropped. Any thread.
  bool write(const AccessRecord& record);
  /// Opens the file anew, after it was moved away by log rotation. Any thread.
  void reopen() { writer_->reopen(); }

 private:
  explicit AccessLog(std::unique_ptr<observe::LogWriter> writer) : writer_(std::move(writer)) {}
  std::unique_ptr<observe::LogWriter> writer_;
};

}  // namespace roost::proxy
