#include "api/http/answer.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace roost::api {

Answer public_answer(std::string body, std::string_view content_type, int64_t age_ms, std::string_view if_none_match) {
  static const std::string kPublic = fmt::format("public, max-age={}", kPublicMaxAgeS);
  Answer answer = service::cached_answer(std::move(body), content_type, kPublic, if_none_match);
  // Rounded up, so that no cache keeps it for more than a minute in all.
  if (age_ms > 0) answer.fields.add("Age", static_cast<uint64_t>((age_ms + 999) / 1000));
  return answer;
}

int64_t age_on_arrival_ms(const Request& request, int64_t loaded_at_ms, const Clock& clock) {
  constexpr int64_t kRoundingMs = 1;  // of four times rounded down to milliseconds; must not become a whole second
  const int64_t here_ms = std::max<int64_t>(0, clock.monotonic_ms() - request.arrived_us / 1000);
  const int64_t age_ms = clock.monotonic_ms() - loaded_at_ms - here_ms;
  return age_ms <= kRoundingMs ? 0 : age_ms;
}

Answer not_found(http::Method method, std::string_view detail) {
  static const std::string kShort = fmt::format("public, max-age={}", kNotFoundMaxAgeS);
  if (method != http::Method::get && method != http::Method::head) return problem(404, detail);
  return problem(404, detail, {}, kShort);
}

Answer problem_of(const Error& error) {
  if (!error.retryable) return problem(500, "Internal error. It has been logged.");
  Answer answer = problem(503, "The service is busy. Try again in a second.");
  answer.fields.add("Retry-After", "1");
  return answer;
}

}  // namespace roost::api
