#include "api/http/json_body.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "api/http/text.h"
#include "common/base/wipe.h"

namespace roost::api {

Input<std::string> check_text(std::string text, const TextRule& rule) {
  const auto characters = count_characters(text);
  if (!characters) return wrong_input(rule.name, "not valid UTF-8");
  if (rule.least_characters > 0 && is_blank(text)) return wrong_input(rule.name, "must not be empty");
  if (*characters < rule.least_characters)
    return wrong_input(rule.name, fmt::format("{} characters, at least {}", *characters, rule.least_characters));
  if (*characters > rule.most_characters)
    return wrong_input(rule.name, fmt::format("{} characters, at most {}", *characters, rule.most_characters));
  if (has_control_characters(text, rule.lines_allowed))
    return wrong_input(rule.name, "must not hold control characters");
  return text;
}

std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

Answer unsupported_media_type(std::string_view expected) {
  return problem(415, fmt::format("The body must be {}.", expected));
}

Input<JsonBody> JsonBody::read(const Request& request) {
  const std::string type = media_type(request.content_type);
  if (!type.empty() && type != kJson && !(type.starts_with("application/") && type.ends_with("+json")))
    return tl::unexpected<Answer>(unsupported_media_type(kJson));
  auto json = nlohmann::json::parse(request.body, nullptr, false);
  if (json.is_discarded()) return wrong_input("body", "expected JSON in UTF-8");
  if (!json.is_object()) return wrong_input("body", "expected a JSON object");
  return JsonBody(std::move(json));
}

JsonBody::~JsonBody() {
  if (!object_.is_object()) return;  // moved from
  for (auto& [name, value] : object_.items()) {
    if (value.is_string()) wipe(value.get_ref<std::string&>());
  }
}

Input<std::string> JsonBody::text(const TextRule& rule) const {
  const auto found = object_.find(std::string(rule.name));
  if (found == object_.end() || found->is_null()) {
    if (rule.least_characters > 0) return wrong_input(rule.name, "this field is required");
    return std::string();
  }
  if (!found->is_string()) return wrong_input(rule.name, "expected a string");
  return check_text(found->get<std::string>(), rule);
}

}  // namespace roost::api
