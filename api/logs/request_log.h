#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "api/db/access.h"
#include "common/observe/log_writer.h"
#include "common/service/call_observer.h"

namespace roost::api {

/// The worker's log of API calls and database accesses, which /logs shows: one file per worker in a directory shared by
/// the workers of a host. No line is dropped: writers wait when the file does not keep up. Any thread.
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
  /// Blocks until what was recorded before is in the file.
  void flush() { writer_->flush(); }

 private:
  RequestLog(std::string worker, std::unique_ptr<observe::LogWriter> writer)
      : worker_(std::move(worker)), writer_(std::move(writer)) {}
  std::string worker_;
  std::unique_ptr<observe::LogWriter> writer_;
};

}  // namespace roost::api
