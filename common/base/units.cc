#include "common/base/units.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>

#include <fmt/core.h>

namespace roost {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

// Smallest first; format_* walks from the end to find the largest that divides.
constexpr std::array<Unit, 5> kDurations{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
constexpr std::array<Unit, 4> kSizes{{{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};

Result<int64_t> parse(std::string_view text, std::span<const Unit> units, std::string_view expected) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || number < 0) return fail(fmt::format("\"{}\": expected {}", text, expected));
  const std::string_view unit(rest, static_cast<size_t>(end - rest));
  for (const Unit& known : units) {
    if (known.name != unit) continue;
    if (number > std::numeric_limits<int64_t>::max() / known.factor)
      return fail(fmt::format("\"{}\": too large", text));
    return number * known.factor;
  }
  return fail(fmt::format("\"{}\": expected {}", text, expected));
}

std::string format(int64_t value, std::span<const Unit> units) {
  for (size_t i = units.size(); i-- > 1;) {
    if (value != 0 && value % units[i].factor == 0) return fmt::format("{}{}", value / units[i].factor, units[i].name);
  }
  return fmt::format("{}{}", value, units[0].name);
}

}  // namespace

Result<int64_t> parse_duration_ms(std::string_view text) {
  return parse(text, kDurations, "a duration such as \"250ms\", \"60s\", \"5m\", \"1h\" or \"7d\"");
}

Result<int64_t> parse_bytes(std::string_view text) {
  return parse(text, kSizes, "a size such as \"512B\", \"16KiB\", \"64MiB\" or \"2GiB\"");
}

std::string format_duration_ms(int64_t duration_ms) {
  return duration_ms == 0 ? "0s" : format(duration_ms, kDurations);
}

std::string format_bytes(int64_t bytes) {
  return format(bytes, kSizes);
}

}  // namespace roost
