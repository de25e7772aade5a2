#include "proxy/cache/cache_key.h"

#include <algorithm>

namespace roost::proxy {
namespace {

void append_host(std::string_view host, std::string& key) {
  if (host.ends_with(":80")) host.remove_suffix(3);
  for (const char c : host) key.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c);
}

}  // namespace

void build_cache_key(const http::RequestHead& head, std::string& key) {
  key.clear();
  append_host(head.authority, key);
  key.append(head.target);
}

bool build_cache_key(std::string_view url, std::string& key) {
  constexpr std::string_view kScheme = "http://";
  key.clear();
  if (url.size() <= kScheme.size() || !http::equals_ignore_case(url.substr(0, kScheme.size()), kScheme)) return false;
  url.remove_prefix(kScheme.size());
  url = url.substr(0, url.find('#'));
  const size_t host_end = std::min(url.find_first_of("/?"), url.size());
  if (host_end == 0) return false;
  append_host(url.substr(0, host_end), key);
  if (host_end == url.size() || url[host_end] == '?') key.push_back('/');
  key.append(url.substr(host_end));
  return true;
}

void append_variant(std::string_view vary, const http::Fields& request_fields, std::string& key) {
  http::for_each_list_element(vary, [&](std::string_view name) {
    key.push_back('\n');
    const auto value = request_fields.combined(name);
    if (!value) return;
    key.push_back('=');
    bool space = false;
    for (const char c : *value) {
      if (c == ' ' || c == '\t') {
        space = true;
        continue;
      }
      if (space && key.back() != '=' && key.back() != ',' && c != ',') key.push_back(' ');
      space = false;
      key.push_back(c);
    }
  });
}

}  // namespace roost::proxy
