#include "common/base/iso_time.h"

#include <charconv>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/compile.h>

namespace roost {
namespace {

/// All of `text` as a number without sign.
std::optional<int64_t> parse_digits(std::string_view text) {
  int64_t value = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string format_iso_time(int64_t unix_ms) {
  return fmt::format(FMT_COMPILE("{:%FT%T}.{:03}Z"), fmt::gmtime(std::time_t{unix_ms / 1000}), unix_ms % 1000);
}

std::string format_month(int64_t unix_ms) {
  return fmt::format("{:%B %Y}", fmt::gmtime(std::time_t{unix_ms / 1000}));
}

std::optional<int64_t> parse_time(std::string_view text) {
  if (const auto plain = parse_digits(text)) return plain;
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (text.size() < kShape.size() + 1 || text.back() != 'Z') return std::nullopt;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == '0' ? !digit : text[i] != kShape[i]) return std::nullopt;
  }
  const auto part = [&](size_t at, size_t size) { return static_cast<int>(*parse_digits(text.substr(at, size))); };
  std::tm parts{};
  parts.tm_year = part(0, 4) - 1900;
  parts.tm_mon = part(5, 2) - 1;
  parts.tm_mday = part(8, 2);
  parts.tm_hour = part(11, 2);
  parts.tm_min = part(14, 2);
  parts.tm_sec = part(17, 2);
  std::string_view fraction = text.substr(kShape.size(), text.size() - kShape.size() - 1);
  int64_t milliseconds = 0;
  if (!fraction.empty()) {
    if (fraction.front() != '.' || fraction.size() > 10 || !parse_digits(fraction.substr(1))) return std::nullopt;
    std::string three(fraction.substr(1, 3));
    three.resize(3, '0');
    milliseconds = *parse_digits(three);
  }
  return int64_t{timegm(&parts)} * 1000 + milliseconds;
}

}  // namespace roost
