#include "proxy/config/health_section.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace roost::proxy {

namespace {

constexpr std::string_view kNone = "none";
constexpr std::string_view kOff = "off";
constexpr std::string_view kTcp = "tcp";
constexpr int64_t kDayMs = 24 * 3'600'000;
constexpr config::Range kPercent{0, 100};

/// 0 when it is not a status from 500 to 599.
int server_error(std::string_view text) {
  int status = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && status >= 500 && status <= 599 ? status : 0;
}

/// Nothing when it is not "NNN" or "NNN-NNN".
std::optional<CheckOptions::StatusRange> status_range(std::string_view text) {
  CheckOptions::StatusRange range;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, range.first);
  if (first.ec != std::errc()) return std::nullopt;
  range.last = range.first;
  if (first.ptr != end) {
    if (*first.ptr != '-') return std::nullopt;
    const auto last = std::from_chars(first.ptr + 1, end, range.last);
    if (last.ec != std::errc() || last.ptr != end) return std::nullopt;
  }
  if (range.first < 100 || range.last > 599 || range.last < range.first) return std::nullopt;
  return range;
}

std::string check_expected(std::string_view text) {
  return status_range(text) ? "" : fmt::format("\"{}\": a status, or a range of them as in \"200-399\"", text);
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string check_kind(std::string_view text) {
  if (text == kOff || text == kTcp || (text.starts_with('/') && is_printable(text))) return "";
  return fmt::format("\"{}\": off, tcp, or a path such as \"/healthz\"", text);
}

std::string check_host_text(std::string_view text) {
  return is_printable(text) ? "" : fmt::format("\"{}\" is not a host", text);
}

std::string check_failure(std::string_view text) {
  if (text == kNone || server_error(text) != 0) return "";
  return fmt::format("\"{}\": a status from 500 to 599, or \"none\"", text);
}

void take(int64_t& own, int64_t other) {
  if (own < 0) own = other;
}

template <class T>
void take(T& own, const T& other) {
  if (own.empty()) own = other;
}

CheckOptions check_options(const HealthSection& section) {
  CheckOptions check;
  check.kind = section.check == kOff   ? CheckOptions::Kind::off
               : section.check == kTcp ? CheckOptions::Kind::tcp
                                       : CheckOptions::Kind::http;
  if (check.kind == CheckOptions::Kind::http) check.path = section.check;
  check.host = section.check_host;
  check.body = section.check_body;
  check.statuses.clear();
  for (const std::string& text : section.check_status) {
    if (const auto range = status_range(text)) check.statuses.push_back(*range);
  }
  check.interval_ms = section.check_interval_ms;
  check.fast_interval_ms = section.check_fast_interval_ms;
  check.timeout_ms = section.check_timeout_ms;
  check.rise = static_cast<uint32_t>(section.check_rise);
  check.fall = static_cast<uint32_t>(section.check_fall);
  return check;
}

}  // namespace

HealthSection HealthSection::standard() {
  const HealthOptions options;
  HealthSection section;
  section.check = kOff;
  section.check_status = {"200-399"};
  section.check_interval_ms = options.check.interval_ms;
  section.check_fast_interval_ms = options.check.fast_interval_ms;
  section.check_timeout_ms = options.check.timeout_ms;
  section.check_rise = options.check.rise;
  section.check_fall = options.check.fall;
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
  take(check, other.check);
  take(check_status, other.check_status);
  take(check_body, other.check_body);
  take(check_host, other.check_host);
  take(check_interval_ms, other.check_interval_ms);
  take(check_fast_interval_ms, other.check_fast_interval_ms);
  take(check_timeout_ms, other.check_timeout_ms);
  take(check_rise, other.check_rise);
  take(check_fall, other.check_fall);
  take(eject_failures, other.eject_failures);
  take(eject_share, other.eject_share);
  take(eject_window_ms, other.eject_window_ms);
  take(eject_time_ms, other.eject_time_ms);
  take(max_eject_time_ms, other.max_eject_time_ms);
  take(max_ejected, other.max_ejected);
  take(eject_status, other.eject_status);
  take(slow_start_ms, other.slow_start_ms);
}

HealthOptions HealthSection::options() const {
  HealthOptions options;
  options.check = check_options(*this);
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
  section.text("check", &check, "how backends are checked: off, tcp, or the path of a GET", check_kind)
      .list("check_status", &check_status, "statuses that pass the check", check_expected)
      .text("check_body", &check_body, "text that the answer has to contain, within its first 64 KiB")
      .text("check_host", &check_host, "the Host of the check; empty for that of the backend", check_host_text)
      .duration("check_interval", &check_interval_ms, {10, kDayMs}, "time between two checks")
      .duration("check_fast_interval", &check_fast_interval_ms, {10, kDayMs}, "the same while the health changes")
      .duration("check_timeout", &check_timeout_ms, {1, kDayMs}, "limit for a check")
      .number("check_rise", &check_rise, {1, 100}, "checks in a row that bring a failing backend back")
      .number("check_fall", &check_fall, {1, 100}, "failed checks in a row that take a backend out of use")
      .number("eject_failures", &eject_failures, {0, 1'000}, "failures in a row that eject a backend; 0 for never")
      .number("eject_share", &eject_share, kPercent, "failures within eject_window that do, in percent; 0 for never")
      .duration("eject_window", &eject_window_ms, {100, 3'600'000}, "time over which eject_share is judged")
      .duration("eject_time", &eject_time_ms, {100, kDayMs}, "how long the first ejection lasts; doubled each time")
      .duration("max_eject_time", &max_eject_time_ms, {100, kDayMs}, "how long an ejection lasts at most")
      .number("max_ejected", &max_ejected, kPercent, "most backends of a pool ejected, in percent; 0 for none")
      .list("eject_status", &eject_status, "statuses that count as failures of the backend, or none", check_failure)
      .duration("slow_start", &slow_start_ms, {0, kDayMs}, "time over which a backend that comes up gets its weight");
}

}  // namespace roost::proxy
