#include "api/input.h"

#include <algorithm>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace roost::api {
namespace {

tl::unexpected<Answer> wrong(std::string_view field, std::string_view what) {
  return tl::unexpected<Answer>(problem(422, fmt::format("{}: {}", field, what), field));
}

Input<QueryString> read_query(const Request& request) {
  auto query = QueryString::parse(request.query_text);
  if (!query) return wrong("query", "a malformed escape, or too many parameters");
  return std::move(*query);
}

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; });
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\t' && c != '\r') || byte == 0x7f;
  });
}

size_t count_characters(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

Input<int64_t> read_id(const Request& request) {
  const auto id = request.captures.empty() ? std::nullopt : parse_id(request.captures.front());
  if (!id) return wrong("id", "expected a whole number from 1 to 9223372036854775807");
  return *id;
}

Input<ListRange> read_range(const Request& request) {
  const auto query = read_query(request);
  if (!query) return tl::unexpected<Answer>(query.error());
  ListRange range;
  if (const std::string* limit = query->find("limit")) {
    const auto value = parse_id(*limit);
    if (!value || *value > ListRange::kMaxLimit)
      return wrong("limit", fmt::format("expected a whole number from 1 to {}", ListRange::kMaxLimit));
    range.limit = *value;
  }
  if (const std::string* before = query->find("before")) {
    const auto value = parse_id(*before);
    if (!value) return wrong("before", "expected the id of a tweet");
    range.before = *value;
  }
  return range;
}

Input<std::string> read_parameter(const Request& request, std::string_view name, size_t max_bytes) {
  const auto query = read_query(request);
  if (!query) return tl::unexpected<Answer>(query.error());
  const std::string* value = query->find(name);
  if (value == nullptr || value->empty()) return wrong(name, "this parameter is required");
  if (value->size() > max_bytes) return wrong(name, fmt::format("at most {} bytes", max_bytes));
  return *value;
}

Input<std::string> read_content(const Request& request, size_t max_characters) {
  const auto json = nlohmann::json::parse(request.body, nullptr, false);
  if (json.is_discarded()) return wrong("body", "expected JSON in UTF-8, such as {\"content\": \"…\"}");
  if (!json.is_object()) return wrong("body", "expected a JSON object, such as {\"content\": \"…\"}");
  const auto found = json.find("content");
  if (found == json.end()) return wrong("content", "this field is required");
  if (!found->is_string()) return wrong("content", "expected a string");
  const auto& content = found->get_ref<const std::string&>();
  if (is_blank(content)) return wrong("content", "must not be empty");
  if (has_control_characters(content)) return wrong("content", "must not hold control characters");
  const size_t characters = count_characters(content);
  if (characters > max_characters)
    return wrong("content", fmt::format("{} characters, at most {}", characters, max_characters));
  return content;
}

}  // namespace roost::api
