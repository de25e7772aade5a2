#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "api/db/access.h"
#include "common/observe/event_log.h"
#include "common/observe/log_writer.h"
#include "common/service/call_observer.h"

namespace roost::api {

/// The worker's log of API calls and database accesses, which /logs shows: one file per worker in a directory shared by
/// the workers of a host. Writers wait a moment when the file does not keep up. Records that cannot be written, because
/// the disk is full or does not answer, are counted, and a record of the gap follows when the file can be written
/// again. Any thread.
class RequestLog final : public AccessObserver, public service::CallObserver {
 public:
  struct Options {
    std::string directory;  ///< must exist
    std::string worker;
    uint64_t rotate_bytes = 64 << 20;
    unsigned keep_files = 4;
  };
  /// `events` outlives the log.
  static Result<std::unique_ptr<RequestLog>> open(const Options& options, observe::EventLog& events);

  /// Only calls of API paths are recorded (is_api_path).
  void on_call(const service::Request& request, int status, int64_t now_us, int64_t duration_us) override;
  void on_access(const AccessRecord& access) override;
  static constexpr int64_t kFlushMs = 1'000;
  /// Waits until what was recorded before is in the file, at most kFlushMs. False if records are missing in it, now or
  /// for good, that no gap record tells of.
  bool flush() {
    const bool written = writer_->flush(kFlushMs);
    return written && writer_->stats().missing == 0;
  }
  /// Opens the file anew, after it was moved away by log rotation.
  void reopen() { writer_->reopen(); }
  observe::LogWriterStats stats() const { return writer_->stats(); }

 private:
  RequestLog(std::string worker, std::unique_ptr<observe::LogWriter> writer)
      : worker_(std::move(worker)), writer_(std::move(writer)) {}
  std::string worker_;
  std::unique_ptr<observe::LogWriter> writer_;
};

}  // namespace roost::api
