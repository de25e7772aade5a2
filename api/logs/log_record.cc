#include "api/logs/log_record.h"

#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <rapidjson/reader.h>

#include "common/observe/json_text.h"

namespace roost::api {
namespace {

/// At most kMaxFieldBytes of `text`, cut before a UTF-8 character.
std::string_view cut(std::string_view text) {
  if (text.size() <= kMaxFieldBytes) return text;
  size_t size = kMaxFieldBytes;
  while (size > kMaxFieldBytes - 4 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  return text.substr(0, size);
}

/// `key` includes the punctuation around it, so that it is one piece to copy.
void append_text(std::string& line, std::string_view key, std::string_view value) {
  line.append(key);
  observe::append_json_string(line, cut(value));
}

void append_integer(std::string& line, std::string_view key, int64_t value) {
  const fmt::format_int digits(value);
  line.append(key).append(digits.data(), digits.size());
}

/// Half of a UTF-16 pair, encoded as if it were a character: RapidJSON lets an escaped low half pass.
bool has_surrogate(std::string_view text) {
  for (size_t at = text.find('\xed'); at != std::string_view::npos; at = text.find('\xed', at + 1)) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xa0) return true;
  }
  return false;
}

/// Takes the members of one flat object from RapidJSON's parser; false ends the parse.
class RecordReader : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, RecordReader> {
 public:
  explicit RecordReader(LogRecord& record) : record_(record) {}
  /// The object had a kind and a time.
  bool complete() const { return has_kind_ && has_time_; }

  bool StartObject() { return !std::exchange(inside_, true); }
  bool EndObject(rapidjson::SizeType) { return true; }
  bool StartArray() { return false; }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    key_.assign(text, size);
    return true;
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    const std::string_view value(text, size);
    if (has_surrogate(value)) return false;
    if (key_ == "worker") {
      record_.worker = value;
    } else if (key_ == "request_id") {
      record_.request_id = value;
    } else if (key_ == "method" || key_ == "operation") {
      record_.verb = value;
    } else if (key_ == "endpoint" || key_ == "table") {
      record_.subject = value;
    } else if (key_ == "kind" && (value == "api" || value == "db" || value == "gap")) {
      record_.kind = value == "api" ? RecordKind::api : value == "db" ? RecordKind::db : RecordKind::gap;
      has_kind_ = true;
    }
    return inside_;
  }
  bool Int(int value) { return Int64(value); }
  bool Uint(unsigned value) { return Int64(value); }
  bool Uint64(uint64_t value) { return value > INT64_MAX ? Default() : Int64(static_cast<int64_t>(value)); }
  bool Int64(int64_t value) {
    if (key_ == "time_us") {
      record_.time_us = value;
      has_time_ = value >= 0;
    } else if (key_ == "status" || key_ == "rows" || key_ == "missing") {
      record_.result = value;
    } else if (key_ == "duration_us") {
      record_.duration_us = value;
    }
    return inside_;
  }
  /// Null, a bool or a real number.
  bool Default() { return inside_; }

 private:
  LogRecord& record_;
  std::string key_;
  bool inside_ = false;
  bool has_kind_ = false;
  bool has_time_ = false;
};

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

void append_json(std::string& line, const LogGap& gap) {
  append_integer(line, R"({"time_us":)", gap.time_us);
  append_text(line, R"(,"kind":"gap","worker":)", gap.worker);
  append_integer(line, R"(,"missing":)", gap.missing);
  line += '}';
}

void append_json(std::string& line, const LogRecord& record) {
  if (record.kind == RecordKind::gap) {
    append_json(line, LogGap{record.time_us, record.worker, record.result});
  } else if (record.kind == RecordKind::api) {
    append_json(line, ApiCall{record.time_us, record.worker, record.request_id, record.verb, record.subject,
                              static_cast<int>(record.result), record.duration_us});
  } else {
    append_json(line, DatabaseAccess{record.time_us, record.worker, record.request_id, record.verb, record.subject,
                                     record.result, record.duration_us});
  }
  if (record.host.empty()) return;
  line.pop_back();
  append_text(line, R"(,"host":)", record.host);
  line += '}';
}

std::optional<LogRecord> parse_record(std::string_view line) {
  LogRecord record;
  RecordReader handler(record);
  // In place, in a copy that is kept from line to line: of another text RapidJSON 1.1 copies each string to a stack,
  // and begins that with arithmetic on a null pointer.
  thread_local std::string text;
  text.assign(line);
  rapidjson::InsituStringStream stream(text.data());
  const bool whole =
      rapidjson::Reader().Parse<rapidjson::kParseInsituFlag>(stream, handler) && stream.Tell() == line.size();
  if (!whole || !handler.complete()) return std::nullopt;
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
