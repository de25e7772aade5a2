#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roost::api {

/// The days of the log's table, each a partition of its own. A day is counted from 1970-01-01, UTC.

/// Of a time, Unix microseconds.
int64_t log_day_of(int64_t time_us);
/// "request_logs_20261127".
std::string log_partition_of(int64_t day);
/// The day of such a name; nothing for another.
std::optional<int64_t> day_of_log_partition(std::string_view name);
/// The statement that makes the day's partition if there is none.
std::string make_log_partition(int64_t day);

/// The days whose records are kept: today, the keep_days - 1 before it, and tomorrow, whose partition is made ahead.
struct KeptLogDays {
  int64_t today = 0;
  int64_t keep_days = 7;
  bool has(int64_t day) const { return day > today - keep_days && day <= today + 1; }
};

}  // namespace roost::api
