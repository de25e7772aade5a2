#include "api/http/request_input.h"

#include <utility>

#include <fmt/core.h>

#include "api/http/json_body.h"
#include "api/http/text.h"

namespace roost::api {
namespace {

Input<QueryString> read_query(const Request& request) {
  auto query = QueryString::parse(request.query_text);
  if (!query) return wrong_input("query", "a malformed escape, or too many parameters");
  return std::move(*query);
}

}  // namespace

Input<int64_t> read_id(const Request& request) {
  const auto id = request.captures.empty() ? std::nullopt : parse_id(request.captures.front());
  if (!id) return wrong_input("id", "expected a whole number from 1 to 9223372036854775807");
  return *id;
}

Input<ListRange> read_range(const Request& request) {
  const auto query = read_query(request);
  if (!query) return tl::unexpected<Answer>(query.error());
  ListRange range;
  if (const std::string* limit = query->find("limit")) {
    const auto value = parse_id(*limit);
    if (!value || *value > ListRange::kMaxLimit)
      return wrong_input("limit", fmt::format("expected a whole number from 1 to {}", ListRange::kMaxLimit));
    range.limit = *value;
  }
  if (const std::string* before = query->find("before")) {
    const auto value = parse_id(*before);
    if (!value) return wrong_input("before", "expected an id");
    range.before = *value;
  }
  return range;
}

Input<std::string> read_parameter(const Request& request, std::string_view name, size_t max_bytes) {
  const auto query = read_query(request);
  if (!query) return tl::unexpected<Answer>(query.error());
  const std::string* value = query->find(name);
  if (value == nullptr || value->empty()) return wrong_input(name, "this parameter is required");
  if (value->size() > max_bytes) return wrong_input(name, fmt::format("at most {} bytes", max_bytes));
  if (!count_characters(*value)) return wrong_input(name, "not valid UTF-8");
  return *value;
}

Input<std::string> read_content(const Request& request, size_t max_characters) {
  const auto body = JsonBody::read(request);
  if (!body) return tl::unexpected<Answer>(body.error());
  return body->text({"content", 1, max_characters, true});
}

DbCache::Use use_of(const Request& request) {
  return request.no_cache ? DbCache::Use::bypass : DbCache::Use::cached;
}

std::string next_link(const Request& request, ListRange range, int64_t last_id) {
  std::string others;  // parameters that are not about the range stay as they were
  std::string_view rest = request.query_text;
  while (!rest.empty()) {
    const size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (!pair.starts_with("limit=") && !pair.starts_with("before=") && !pair.empty()) others += std::string(pair) + "&";
  }
  return fmt::format("<{}?{}limit={}&before={}>; rel=\"next\"", request.path, others, range.limit, last_id);
}

}  // namespace roost::api
