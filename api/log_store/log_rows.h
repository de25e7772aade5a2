#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "api/log_store/log_days.h"

namespace roost::api {

/// Lines of the request log as PostgreSQL's COPY takes them.
struct LogRows {
  std::string text;        ///< columns as kLogColumns, in the text format
  size_t count = 0;        ///< rows in it
  size_t left_out = 0;     ///< malformed lines, and records of days that are not kept
  std::set<int64_t> days;  ///< that the rows are of
};

inline constexpr std::string_view kLogColumns =
    "time_us, kind, host, worker, request_id, verb, subject, result, duration_us";

/// `lines`: whole lines as append_json() makes them.
LogRows log_rows(std::string_view lines, std::string_view host, const KeptLogDays& kept);

}  // namespace roost::api
