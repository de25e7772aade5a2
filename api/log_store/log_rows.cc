#include "api/log_store/log_rows.h"

#include <fmt/format.h>

#include "api/db/postgres/pg_params.h"
#include "api/logs/log_record.h"

namespace roost::api {
namespace {

void append_text(std::string& row, std::string_view text) {
  row += '\t';
  if (!is_postgres_text(text)) text = "?";
  for (const char c : text) {
    switch (c) {
      case '\\':
        row += "\\\\";
        break;
      case '\t':
        row += "\\t";
        break;
      case '\n':
        row += "\\n";
        break;
      case '\r':
        row += "\\r";
        break;
      default:
        row += c;
    }
  }
}

void append_number(std::string& row, int64_t number) {
  const fmt::format_int digits(number);
  row += '\t';
  row.append(digits.data(), digits.size());
}

void append_row(std::string& rows, const LogRecord& record, std::string_view host) {
  const fmt::format_int time(record.time_us);
  rows.append(time.data(), time.size());
  append_number(rows, static_cast<int64_t>(record.kind));
  append_text(rows, host);
  append_text(rows, record.worker);
  append_text(rows, record.request_id);
  append_text(rows, record.verb);
  append_text(rows, record.subject);
  append_number(rows, record.result);
  append_number(rows, record.duration_us);
  rows += '\n';
}

}  // namespace

LogRows log_rows(std::string_view lines, std::string_view host, const KeptLogDays& kept) {
  LogRows rows;
  rows.text.reserve(lines.size());
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (line.empty()) continue;
    const auto record = parse_record(line);
    const int64_t day = record ? log_day_of(record->time_us) : 0;
    if (!record || !kept.has(day)) {
      ++rows.left_out;
      continue;
    }
    rows.days.insert(day);
    append_row(rows.text, *record, host);
    ++rows.count;
  }
  return rows;
}

}  // namespace roost::api
