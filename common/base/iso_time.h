#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roost {

/// "2026-03-01T10:00:00.123Z": ISO 8601, UTC, of Unix milliseconds.
std::string format_iso_time(int64_t unix_ms);

/// "March 2026", UTC.
std::string format_month(int64_t unix_ms);

/// Parses the output of format_iso_time to Unix milliseconds; the fraction (up to nine digits) is optional. Plain Unix
/// milliseconds are accepted too. Nothing when it is neither.
std::optional<int64_t> parse_time(std::string_view text);

}  // namespace roost
