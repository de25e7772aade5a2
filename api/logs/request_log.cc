#include "api/logs/request_log.h"

#include <chrono>

#include "api/http/api_path.h"
#include "api/logs/log_record.h"

namespace roost::api {
namespace {

int64_t unix_now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::string gap_line(std::string_view worker, uint64_t missing) {
  std::string line;
  append_json(line, LogGap{.time_us = unix_now_us(), .worker = worker, .missing = static_cast<int64_t>(missing)});
  return line;
}

}  // namespace

Result<std::unique_ptr<RequestLog>> RequestLog::open(const Options& options, observe::EventLog& events) {
  observe::LogWriterOptions writing;
  writing.path = request_log_path(options.directory, options.worker);
  writing.rotate_bytes = options.rotate_bytes;
  writing.keep_files = options.keep_files;
  writing.overflow = observe::Overflow::wait;
  // Each pause costs two context switches; /logs waits twenty times as long before it reads the files.
  writing.pause_us = 1'000;
  writing.gap_line = [worker = options.worker](uint64_t missing) { return gap_line(worker, missing); };
  writing.report = observe::log_report(events, writing.path);
  auto writer = observe::LogWriter::open(std::move(writing));
  if (!writer) return tl::unexpected<Error>(writer.error());
  return std::unique_ptr<RequestLog>(new RequestLog(options.worker, std::move(*writer)));
}

void RequestLog::on_call(const service::Request& request, int status, int64_t now_us, int64_t duration_us) {
  if (!is_api_path(request.path)) return;
  thread_local std::string line;
  line.clear();
  append_json(line, ApiCall{.time_us = now_us,
                            .worker = worker_,
                            .request_id = request.request_id,
                            .method = request.method_text,
                            .endpoint = request.path,
                            .status = status,
                            .duration_us = duration_us});
  writer_->append(line);
}

void RequestLog::on_access(const AccessRecord& access) {
  thread_local std::string line;
  line.clear();
  append_json(line, DatabaseAccess{.time_us = unix_now_us(),
                                   .worker = worker_,
                                   .request_id = access.request_id,
                                   .operation = access.operation,
                                   .table = access.table,
                                   .rows = access.rows,
                                   .duration_us = access.duration_us});
  writer_->append(line);
}

}  // namespace roost::api
