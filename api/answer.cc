#include "api/answer.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <xxhash.h>

namespace roost::api {
namespace {

/// The length of the UTF-8 sequence at the start of `text`; 0 when there is none (RFC 3629).
size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto follows = [&](size_t i, unsigned least = 0x80, unsigned most = 0xBF) {
    return byte(i) >= least && byte(i) <= most;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool second = follows(1, first == 0xE0 ? 0xA0 : 0x80, first == 0xED ? 0x9F : 0xBF);
    return second && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool second = follows(1, first == 0xF0 ? 0x90 : 0x80, first == 0xF4 ? 0x8F : 0xBF);
    return second && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

bool names_etag(std::string_view if_none_match, std::string_view etag) {
  bool named = if_none_match == "*";
  http::for_each_list_element(if_none_match, [&](std::string_view element) {
    if (element.starts_with("W/")) element.remove_prefix(2);  // weak comparison
    named = named || element == etag;
  });
  return named;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const size_t size = utf8_sequence(text);
    const char c = text.front();
    if (size == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  out += '"';
}

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
  if (age_ms >= 1000) answer.fields.add("Age", static_cast<uint64_t>(age_ms / 1000));
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
