#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace roost {

/// "250ms", "60s", "5m", "1h", "7d" to milliseconds. A bare number, a fraction, a negative or an unknown unit is an
/// error that says what was expected.
Result<int64_t> parse_duration_ms(std::string_view text);

/// "512B", "16KiB", "64MiB", "2GiB" to bytes. Decimal units (KB, MB) and bare numbers are errors that say so.
Result<int64_t> parse_bytes(std::string_view text);

/// The shortest exact form that parse_duration_ms reads back: 60000 → "1m", 1500 → "1500ms".
std::string format_duration_ms(int64_t duration_ms);

/// The shortest exact form that parse_bytes reads back: 65536 → "64KiB".
std::string format_bytes(int64_t bytes);

}  // namespace roost
