#include "common/http/uri.h"

#include <algorithm>

namespace roost::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
      continue;
    }
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string_view normal_authority(std::string_view scheme, std::string_view authority, std::string& storage) {
  const std::string_view default_port = scheme == "https" ? ":443" : scheme == "http" ? ":80" : "";
  if (!default_port.empty() && authority.ends_with(default_port)) authority.remove_suffix(default_port.size());
  if (std::none_of(authority.begin(), authority.end(), is_upper)) return authority;
  storage.assign(authority);
  for (char& c : storage) {
    if (is_upper(c)) c = static_cast<char>(c | 0x20);
  }
  return storage;
}

}  // namespace roost::http
