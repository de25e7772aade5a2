#include "proxy/limits/request_rate.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/base/check.h"
#include "common/base/rate_limit.h"

namespace roost::proxy {
namespace {

struct Spelled {
  int64_t requests = 0;
  int64_t period_us = 0;
};

std::optional<Spelled> spelled(std::string_view text) {
  constexpr int64_t kMaxRequests = 1'000'000;
  constexpr int64_t kSecondUs = 1'000'000;
  Spelled read;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read.requests);
  if (error != std::errc() || read.requests < 1 || read.requests > kMaxRequests) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  if (unit == "/s") read.period_us = kSecondUs;
  if (unit == "/m") read.period_us = 60 * kSecondUs;
  if (unit == "/h") read.period_us = 3600 * kSecondUs;
  if (read.period_us == 0) return std::nullopt;
  return read;
}

}  // namespace

RequestRate::Decision RequestRate::take(int64_t& full_at_us, int64_t now_us) const {
  const int64_t wait_us = RateLimit{interval_us, burst}.take(full_at_us, now_us);
  return {wait_us == 0, wait_us};
}

std::string RequestRate::check(std::string_view text) {
  if (text == "off" || spelled(text)) return "";
  return "a rate is written \"10/s\", \"300/m\" or \"1000/h\", from 1 to 1000000 requests, or \"off\"";
}

RequestRate RequestRate::parse(std::string_view text, int64_t burst) {
  if (text == "off") return {};
  const auto read = spelled(text);
  ROOST_CHECK(read);  // the configuration was checked
  return {std::max<int64_t>(1, read->period_us / read->requests), burst > 0 ? burst : read->requests};
}

}  // namespace roost::proxy
