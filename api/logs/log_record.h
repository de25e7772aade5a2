#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roost::api {

/// One call of the API, as it is logged when its answer is known. The text is borrowed for the call that encodes it.
struct ApiCall {
  int64_t time_us = 0;  ///< Unix time when the record is made, microseconds.
  std::string_view worker;
  std::string_view request_id;
  std::string_view method;
  std::string_view endpoint;  ///< The path as sent, without the query.
  int status = 0;
  int64_t duration_us = 0;
};

/// One access to the database.
struct DatabaseAccess {
  int64_t time_us = 0;
  std::string_view worker;
  std::string_view request_id;  ///< Of the call it was made for; empty for work of the process's own, such as a flush.
  std::string_view operation;   ///< SELECT, INSERT, UPDATE, DELETE…
  std::string_view table;
  int64_t rows = 0;
  int64_t duration_us = 0;
};

/// Stands for records of a worker that could not be written, where the file goes on behind them.
struct LogGap {
  int64_t time_us = 0;  ///< When writing worked again.
  std::string_view worker;
  int64_t missing = 0;  ///< How many records.
};

enum class RecordKind : uint8_t { api, db, gap };

/// A line of the request log, read back.
struct LogRecord {
  RecordKind kind = RecordKind::api;
  int64_t time_us = 0;
  std::string host = {};  ///< where the logs of several hosts are together
  std::string worker;
  std::string request_id;
  std::string verb;     ///< Method of an API call, operation of a database access.
  std::string subject;  ///< Endpoint of an API call, table of a database access.
  int64_t result = 0;   ///< Status of an API call, rows of a database access, missing records of a gap.
  int64_t duration_us = 0;
};

/// Text of one field beyond this is cut (at a whole character), so that a line stays below kMaxRecordBytes.
inline constexpr size_t kMaxFieldBytes = 2048;
/// The longest line that the encoder makes and the reader accepts: five fields, each byte escaped to six.
inline constexpr size_t kMaxRecordBytes = 64 * 1024;

/// Appends one JSON object, without a newline:
///   {"time_us":1,"kind":"api","worker":"w1","request_id":"…","method":"GET","endpoint":"/like/1","status":200,
///    "duration_us":312}
/// For a database access: "kind":"db", "operation", "table" and "rows"; for a gap: "kind":"gap", "missing". Bytes that
/// are not UTF-8 become U+FFFD.
void append_json(std::string& line, const ApiCall& call);
void append_json(std::string& line, const DatabaseAccess& access);
void append_json(std::string& line, const LogGap& gap);
/// The same line again from a record that was read, with "host" if it has one.
void append_json(std::string& line, const LogRecord& record);

/// Reads such a line back: fields in any order, unknown ones skipped. Nothing when it is torn, is no flat JSON object,
/// or lacks its kind or time.
std::optional<LogRecord> parse_record(std::string_view line);

/// `directory/requests-WORKER.log`: the file a worker appends to, and what the reader looks for. A worker's name is
/// letters, digits, '-', '_' and '.'; other characters become '_'.
std::string request_log_path(std::string_view directory, std::string_view worker);

}  // namespace roost::api
