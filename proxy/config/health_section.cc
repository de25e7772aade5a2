#include "proxy/config/health_section.h"

#include <charconv>
#include <string_view>

#include <fmt/format.h>

namespace roost::proxy {

namespace {

constexpr std::string_view kNone = "none";
constexpr int64_t kDayMs = 24 * 3'600'000;
constexpr config::Range kPercent{0, 100};

/// 0 when it is not a status from 500 to 599.
int server_error(std::string_view text) {
  int status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && status >= 500 && status <= 599 ? status : 0;
}

std::string check_status(std::string_view text) {
  if (text == kNone || server_error(text) != 0) return "";
  return fmt::format("\"{}\": a status from 500 to 599, or \"none\"", text);
}

void take(int64_t& own, int64_t other) {
  if (own < 0) own = other;
}

}  // namespace

HealthSection HealthSection::standard() {
  const HealthOptions options;
  HealthSection section;
  section.eject_failures = options.outlier.failures_in_row;
  section.eject_share = options.outlier.failure_percent;
  section.eject_window_ms = options.outlier.window_ms;
  section.eject_time_ms = options.outlier.ejection_ms;
  section.max_eject_time_ms = options.outlier.max_ejection_ms;
  section.max_ejected = options.max_ejected_percent;
  for (const int status : options.failure_statuses) section.eject_status.push_back(fmt::format("{}", status));
  section.slow_start_ms = options.slow_start_ms;
  return section;
}

void HealthSection::inherit(const HealthSection& other) {
  take(eject_failures, other.eject_failures);
  take(eject_share, other.eject_share);
  take(eject_window_ms, other.eject_window_ms);
  take(eject_time_ms, other.eject_time_ms);
  take(max_eject_time_ms, other.max_eject_time_ms);
  take(max_ejected, other.max_ejected);
  if (eject_status.empty()) eject_status = other.eject_status;
  take(slow_start_ms, other.slow_start_ms);
}

HealthOptions HealthSection::options() const {
  HealthOptions options;
  options.outlier.failures_in_row = static_cast<uint32_t>(eject_failures);
  options.outlier.failure_percent = static_cast<uint32_t>(eject_share);
  options.outlier.window_ms = eject_window_ms;
  options.outlier.ejection_ms = eject_time_ms;
  options.outlier.max_ejection_ms = max_eject_time_ms;
  options.max_ejected_percent = static_cast<uint32_t>(max_ejected);
  options.failure_statuses.clear();
  for (const std::string& text : eject_status) {
    if (const int status = server_error(text); status != 0) options.failure_statuses.push_back(status);
  }
  options.slow_start_ms = slow_start_ms;
  return options;
}

void HealthSection::declare(config::Section& section) {
  section.number("eject_failures", &eject_failures, {0, 1'000}, "failures in a row that eject a backend; 0 for never")
      .number("eject_share", &eject_share, kPercent, "failures within eject_window that do, in percent; 0 for never")
      .duration("eject_window", &eject_window_ms, {100, 3'600'000}, "time over which eject_share is judged")
      .duration("eject_time", &eject_time_ms, {100, kDayMs}, "how long the first ejection lasts; doubled each time")
      .duration("max_eject_time", &max_eject_time_ms, {100, kDayMs}, "how long an ejection lasts at most")
      .number("max_ejected", &max_ejected, kPercent, "most backends of a pool ejected, in percent; 0 for none")
      .list("eject_status", &eject_status, "statuses that count as failures of the backend, or none", check_status)
      .duration("slow_start", &slow_start_ms, {0, kDayMs}, "time over which a backend that comes up gets its weight");
}

}  // namespace roost::proxy
