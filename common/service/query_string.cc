#include "common/service/query_string.h"

#include "common/http/uri.h"

namespace roost::service {

std::optional<QueryString> QueryString::parse(std::string_view text, bool plus_is_space) {
  QueryString query;
  while (!text.empty()) {
    const size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string_view written = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    auto name = http::percent_decode(pair.substr(0, equals), plus_is_space);
    auto value = http::percent_decode(written, plus_is_space);
    if (!name || !value || query.parameters_.size() >= kMaxParameters) return std::nullopt;
    query.parameters_.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

const std::string* QueryString::find(std::string_view name) const {
  for (const auto& [known, value] : parameters_) {
    if (known == name) return &value;
  }
  return nullptr;
}

std::string_view QueryString::value(std::string_view name) const {
  const std::string* found = find(name);
  return found == nullptr ? std::string_view() : *found;
}

}  // namespace roost::service
