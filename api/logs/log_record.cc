#include "api/logs/log_record.h"

#include <fmt/format.h>

#include "common/observe/json_text.h"

namespace roost::api {
namespace {

// Cut to kMaxFieldBytes without splitting a UTF-8 character.
std::string_view cut(std::string_view text) {
  if (text.size() <= kMaxFieldBytes) return text;
  size_t size = kMaxFieldBytes;
  while (size > kMaxFieldBytes - 4 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

// `key` with what stands around it: one piece to copy.
void append_text(std::string& line, std::string_view key, std::string_view value) {
  line.append(key);
  observe::append_json_string(line, cut(value));
}

void append_integer(std::string& line, std::string_view key, int64_t value) {
  const fmt::format_int digits(value);
  line.append(key).append(digits.data(), digits.size());
}

void take_text(LogRecord& record, bool& has_kind, const observe::JsonMember& member) {
  const std::string_view key = member.key;
  if (key == "worker") {
    record.worker = member.text;
  } else if (key == "request_id") {
    record.request_id = member.text;
  } else if (key == "method" || key == "operation") {
    record.verb = member.text;
  } else if (key == "endpoint" || key == "table") {
    record.subject = member.text;
  } else if (key == "kind" && (member.text == "api" || member.text == "db")) {
    record.kind = member.text == "api" ? RecordKind::api : RecordKind::db;
    has_kind = true;
  }
}

void take_integer(LogRecord& record, bool& has_time, const observe::JsonMember& member) {
  const std::string_view key = member.key;
  if (key == "time_us") {
    record.time_us = member.integer;
    has_time = member.integer >= 0;
  } else if (key == "status" || key == "rows") {
    record.result = member.integer;
  } else if (key == "duration_us") {
    record.duration_us = member.integer;
  }
}

}  // namespace

void append_json(std::string& line, const ApiCall& call) {
  append_integer(line, R"({"time_us":)", call.time_us);
  append_text(line, R"(,"kind":"api","worker":)", call.worker);
  append_text(line, R"(,"request_id":)", call.request_id);
  append_text(line, R"(,"method":)", call.method);
  append_text(line, R"(,"endpoint":)", call.endpoint);
  append_integer(line, R"(,"status":)", call.status);
  append_integer(line, R"(,"duration_us":)", call.duration_us);
  line += '}';
}

void append_json(std::string& line, const DatabaseAccess& access) {
  append_integer(line, R"({"time_us":)", access.time_us);
  append_text(line, R"(,"kind":"db","worker":)", access.worker);
  append_text(line, R"(,"request_id":)", access.request_id);
  append_text(line, R"(,"operation":)", access.operation);
  append_text(line, R"(,"table":)", access.table);
  append_integer(line, R"(,"rows":)", access.rows);
  append_integer(line, R"(,"duration_us":)", access.duration_us);
  line += '}';
}

void append_json(std::string& line, const LogRecord& record) {
  if (record.kind == RecordKind::api) {
    append_json(line, ApiCall{record.time_us, record.worker, record.request_id, record.verb, record.subject,
                              static_cast<int>(record.result), record.duration_us});
  } else {
    append_json(line, DatabaseAccess{record.time_us, record.worker, record.request_id, record.verb, record.subject,
                                     record.result, record.duration_us});
  }
}

std::optional<LogRecord> parse_record(std::string_view line) {
  LogRecord record;
  bool has_kind = false;
  bool has_time = false;
  observe::FlatJsonReader reader(line);
  observe::JsonMember member;
  while (reader.next(member)) {
    if (member.kind == observe::JsonMember::Kind::text) take_text(record, has_kind, member);
    if (member.kind == observe::JsonMember::Kind::integer) take_integer(record, has_time, member);
  }
  if (!reader.complete() || !has_kind || !has_time) return std::nullopt;
  return record;
}

std::string request_log_path(std::string_view directory, std::string_view worker) {
  static constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  std::string name(worker);
  for (char& c : name) {
    if (kAllowed.find(c) == std::string_view::npos) c = '_';
  }
  return fmt::format("{}/requests-{}.log", directory, name);
}

}  // namespace roost::api
