#include "common/service/answer.h"

#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "common/http/problem.h"

namespace roost::service {
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

Answer uncached_answer(int status, std::string_view content_type, std::string body) {
  Answer answer;
  answer.status = status;
  answer.content_type = content_type;
  answer.body = std::move(body);
  answer.fields.add("Cache-Control", "no-store");
  return answer;
}

Answer uncached_json(int status, std::string body) {
  return uncached_answer(status, kJson, std::move(body));
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

Answer problem(int status, std::string_view detail, std::string_view field, std::string_view cache_control) {
  Answer answer;
  answer.status = status;
  answer.content_type = http::kProblemJson;
  answer.body = http::problem_body(status, detail, field);
  answer.fields.add("Cache-Control", cache_control);
  return answer;
}

}  // namespace roost::service
