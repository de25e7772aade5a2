#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/observe/event_log.h"
#include "common/observe/log_writer.h"
#include "proxy/observe/counters.h"

namespace roost::proxy {

/// One answered request, as the access log tells it. Views are used during the call only.
struct AccessRecord {
  int64_t unix_ms = 0;  ///< when it was answered
  std::string_view client;
  std::string_view request_id;
  std::string_view method;
  std::string_view target;
  int status = 0;
  uint64_t bytes = 0;  ///< sent to the client, head and framing included
  Outcome outcome = Outcome::internal;
  std::string_view backend;  ///< empty when none was asked
  uint32_t retries = 0;
  int64_t total_us = 0;          ///< from the request's head to the answer's end
  int64_t backend_head_us = -1;  ///< of that, until the backend's head came; -1: no backend
  bool complete = true;          ///< false: the client or the backend was gone before the answer's end
};

/// The record as one JSON object, without a newline; appended to `line`.
void format_access_record(const AccessRecord& record, std::string& line);

/// JSON lines, one per request, of all threads. A disk that does not keep up costs lines, never time: those dropped are
/// counted.
class AccessLog {
 public:
  /// `target`: a file's path, or "-" for standard output. `events` must outlive the log.
  static Result<std::unique_ptr<AccessLog>> open(const std::string& target, observe::EventLog& events);
  /// False when the line was dropped. Any thread.
  bool write(const AccessRecord& record);
  void reopen() { writer_->reopen(); }

 private:
  explicit AccessLog(std::unique_ptr<observe::LogWriter> writer) : writer_(std::move(writer)) {}
  std::unique_ptr<observe::LogWriter> writer_;
};

}  // namespace roost::proxy
