#include "proxy/observe/access_log.h"

#include <ctime>

#include <fmt/format.h>
#include <unistd.h>

#include "common/observe/json_text.h"

namespace roost::proxy {

namespace {

void append_time(std::string& to, int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  fmt::format_to(std::back_inserter(to), "\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z\"", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, unix_ms % 1'000);
}

void append_text(std::string& to, std::string_view key, std::string_view text) {
  to.append(",\"").append(key).append("\":");
  observe::append_json_string(to, text);
}

}  // namespace

void format_access_record(const AccessRecord& record, std::string& line) {
  line.append("{\"time\":");
  append_time(line, record.unix_ms);
  append_text(line, "client", record.client);
  append_text(line, "request_id", record.request_id);
  append_text(line, "method", record.method);
  append_text(line, "target", record.target);
  fmt::format_to(std::back_inserter(line), ",\"status\":{},\"bytes\":{},\"cache\":\"{}\"", record.status, record.bytes,
                 outcome_name(record.outcome));
  if (!record.backend.empty()) append_text(line, "backend", record.backend);
  fmt::format_to(std::back_inserter(line), ",\"retries\":{},\"total_us\":{}", record.retries, record.total_us);
  if (record.backend_head_us >= 0) {
    fmt::format_to(std::back_inserter(line), ",\"backend_head_us\":{}", record.backend_head_us);
  }
  line.append(",\"end\":\"").append(ending_name(record.ending)).append("\"");
  if (record.failure != nullptr) {
    line.append(",\"fault\":\"").append(side_name(record.failure->side));
    line.append("\",\"step\":\"").append(step_name(record.failure->step)).append("\"");
    append_text(line, "error", record.failure->what);
  }
  line.push_back('}');
}

Result<std::unique_ptr<AccessLog>> AccessLog::open(const std::string& target, const LogRotation& rotation,
                                                   observe::EventLog& events) {
  observe::LogWriterOptions options;
  options.path = target == "-" ? "standard output" : target;
  if (target == "-") options.descriptor = STDOUT_FILENO;
  options.rotate_bytes = rotation.size_bytes;
  options.keep_files = rotation.keep_files;
  options.pause_us = 1'000;
  options.report = observe::log_report(events, options.path);
  auto writer = observe::LogWriter::open(std::move(options));
  if (!writer) return tl::unexpected(writer.error());
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(*writer)));
}

bool AccessLog::write(const AccessRecord& record) {
  thread_local std::string line;
  line.clear();
  format_access_record(record, line);
  return writer_->append(line);
}

}  // namespace roost::proxy
