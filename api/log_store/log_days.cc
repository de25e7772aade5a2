#include "api/log_store/log_days.h"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace roost::api {
namespace {

constexpr int64_t kDayUs = 86'400'000'000;
constexpr std::string_view kPrefix = "request_logs_";
constexpr size_t kDigits = 8;

std::chrono::year_month_day date_of(int64_t day) {
  return std::chrono::sys_days(std::chrono::days(day));
}

}  // namespace

int64_t log_day_of(int64_t time_us) {
  return time_us >= 0 ? time_us / kDayUs : (time_us - kDayUs + 1) / kDayUs;
}

std::string log_partition_of(int64_t day) {
  const auto date = date_of(day);
  return fmt::format("{}{:04}{:02}{:02}", kPrefix, static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::optional<int64_t> day_of_log_partition(std::string_view name) {
  if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + kDigits) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size());
  unsigned number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(number / 10'000)),
                                         std::chrono::month(number / 100 % 100), std::chrono::day(number % 100)};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::string make_log_partition(int64_t day) {
  return fmt::format("CREATE TABLE IF NOT EXISTS {} PARTITION OF request_logs FOR VALUES FROM ({}) TO ({})",
                     log_partition_of(day), day * kDayUs, (day + 1) * kDayUs);
}

}  // namespace roost::api
