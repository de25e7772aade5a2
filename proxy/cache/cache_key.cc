#include "proxy/cache/cache_key.h"

#include <algorithm>

namespace roost::proxy {

namespace {

void append_lower_case(std::string_view text, std::string& to) {
  const size_t at = to.size();
  to.append(text);
  for (char* c = to.data() + at; c != to.data() + to.size(); ++c) {
    if (*c >= 'A' && *c <= 'Z') *c = static_cast<char>(*c | 0x20);
  }
}

}  // namespace

void CacheKey::assign(std::string_view scheme, std::string_view authority, std::string_view target) {
  text_.clear();
  const bool plain = scheme == "http";
  if (!plain) text_.append(scheme).push_back(' ');
  const std::string_view default_port = plain ? ":80" : scheme == "https" ? ":443" : "";
  if (!default_port.empty() && authority.ends_with(default_port)) authority.remove_suffix(default_port.size());
  append_lower_case(authority, text_);
  text_.append(target);
  url_bytes_ = text_.size();
}

bool CacheKey::assign_url(std::string_view url) {
  std::string_view scheme;
  for (const std::string_view known : {"http", "https"}) {
    const std::string_view rest = url.substr(std::min(known.size(), url.size()));
    if (rest.starts_with("://") && http::equals_ignore_case(url.substr(0, known.size()), known)) scheme = known;
  }
  if (scheme.empty()) return false;
  url.remove_prefix(scheme.size() + 3);
  url = url.substr(0, url.find('#'));
  const size_t host_end = std::min(url.find_first_of("/?"), url.size());
  if (host_end == 0) return false;
  const std::string_view target = url.substr(host_end);
  if (target.starts_with('/')) {
    assign(scheme, url.substr(0, host_end), target);
  } else {
    assign(scheme, url.substr(0, host_end), "/");
    text_.append(target);
    url_bytes_ = text_.size();
  }
  return true;
}

void CacheKey::clear() {
  text_.clear();
  url_bytes_ = 0;
}

void CacheKey::select_variant(std::string_view vary, const http::Fields& request_fields) {
  drop_variant();
  append_variant(vary, request_fields, text_);
}

void CacheKey::set_variant(std::string_view variant) {
  drop_variant();
  text_.append(variant);
}

void append_variant(std::string_view vary, const http::Fields& request_fields, std::string& variant) {
  http::for_each_list_element(vary, [&](std::string_view name) {
    variant.push_back('\n');
    append_lower_case(name, variant);
    const auto value = request_fields.combined(name);
    if (!value) return;
    variant.push_back('=');
    const size_t value_at = variant.size();
    bool space = false;
    for (const char c : *value) {
      if (c == ' ' || c == '\t') {
        space = true;
        continue;
      }
      if (space && variant.size() > value_at && variant.back() != ',' && c != ',') variant.push_back(' ');
      space = false;
      variant.push_back(c);
    }
  });
}

}  // namespace roost::proxy
