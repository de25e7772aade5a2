#include "api/http/answer.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace roost::api {
namespace {

bool names_etag(std::string_view if_none_match, std::string_view etag) {
  bool named = if_none_match == "*";
  http::for_each_list_element(if_none_match, [&](std::string_view element) {
    if (element.starts_with("W/")) element.remove_prefix(2);  // weak comparison
    named = named || element == etag;
  });
  return named;
}

}  // namespace

Answer uncached_json(int status, std::string body) {
  Answer answer;
  answer.status = status;
  answer.body = std::move(body);
  answer.fields.add("Cache-Control", "no-store");
  return answer;
}

Answer public_answer(std::string body, std::string_view content_type, int64_t age_ms, std::string_view if_none_match) {
  static const std::string kPublic = fmt::format("public, max-age={}", kPublicMaxAgeS);
  Answer answer = cached_answer(std::move(body), content_type, kPublic, if_none_match);
  // Rounded up, so that no cache in front keeps it beyond the minute.
  if (age_ms > 0) answer.fields.add("Age", static_cast<uint64_t>((age_ms + 999) / 1000));
  return answer;
}

Answer cached_answer(std::string body, std::string_view content_type, std::string_view cache_control,
                     std::string_view if_none_match) {
  Answer answer;
  answer.content_type = content_type;
  const std::string etag = fmt::format("\"{:016x}\"", XXH3_64bits(body.data(), body.size()));
  answer.fields.add("Cache-Control", cache_control);
  answer.fields.add("ETag", etag);
  if (names_etag(if_none_match, etag)) {
    answer.status = 304;
  } else {
    answer.body = std::move(body);
  }
  return answer;
}

namespace {

Answer problem_without_caching(int status, std::string_view detail, std::string_view field) {
  Answer answer;
  answer.status = status;
  answer.content_type = "application/problem+json";
  answer.body =
      fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":)", http::reason_phrase(status), status);
  append_json_string(answer.body, detail);
  if (!field.empty()) {
    answer.body += ",\"field\":";
    append_json_string(answer.body, field);
  }
  answer.body += '}';
  return answer;
}

}  // namespace

Answer problem(int status, std::string_view detail, std::string_view field) {
  Answer answer = problem_without_caching(status, detail, field);
  answer.fields.add("Cache-Control", "no-store");
  return answer;
}

Answer not_found(http::Method method, std::string_view detail) {
  if (method != http::Method::get && method != http::Method::head) return problem(404, detail);
  Answer answer = problem_without_caching(404, detail, {});
  answer.fields.add("Cache-Control", fmt::format("public, max-age={}", kNotFoundMaxAgeS));
  return answer;
}

Answer problem_of(const Error& error) {
  if (!error.retryable) return problem(500, "Something went wrong inside. It has been logged.");
  Answer answer = problem(503, "The service is too busy right now. Try again in a second.");
  answer.fields.add("Retry-After", "1");
  return answer;
}

}  // namespace roost::api
