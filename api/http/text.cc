#include "api/http/text.h"

#include <algorithm>
#include <charconv>

#include <utf8proc.h>

namespace roost::api {
namespace {

constexpr size_t kMaxLocalPartBytes = 64;  // RFC 5321 §4.5.3.1.1
constexpr size_t kMaxLabelBytes = 63;      // RFC 1035 §2.3.4

/// Calls `visit` with each code point; false when the text is not UTF-8.
template <class Visit>
bool for_each_character(std::string_view text, Visit&& visit) {
  while (!text.empty()) {
    utf8proc_int32_t character = 0;
    const auto size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                       static_cast<utf8proc_ssize_t>(text.size()), &character);
    if (size <= 0) return false;
    visit(character);
    text.remove_prefix(static_cast<size_t>(size));
  }
  return true;
}

bool is_host_label(std::string_view label) {
  const auto fits = [](char c) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return plain || c == '-' || static_cast<unsigned char>(c) >= 0x80;
  };
  return !label.empty() && label.size() <= kMaxLabelBytes && std::all_of(label.begin(), label.end(), fits) &&
         label.front() != '-' && label.back() != '-';
}

bool is_host_name_with_dot(std::string_view name) {
  if (name.find('.') == std::string_view::npos) return false;
  while (true) {
    const size_t dot = name.find('.');
    if (!is_host_label(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<int64_t> parse_id(std::string_view text) {
  int64_t id = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id < 1) return std::nullopt;
  return id;
}

std::optional<size_t> count_characters(std::string_view text) {
  size_t count = 0;
  if (!for_each_character(text, [&](int32_t) { ++count; })) return std::nullopt;
  return count;
}

bool has_control_characters(std::string_view text, bool lines_allowed) {
  bool found = false;
  for_each_character(text, [&](int32_t c) {
    const bool line = c == '\n' || c == '\t' || c == '\r';
    found = found || (c < 0x20 && !(line && lines_allowed)) || (c >= 0x7f && c < 0xa0);
  });
  return found;
}

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; });
}

bool is_email_shaped(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > kMaxLocalPartBytes) return false;
  const std::string_view local = text.substr(0, at);
  if (local.find_first_of(" \t\r\n\"(),:;<>[\\]") != std::string_view::npos) return false;
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos) return false;
  return is_host_name_with_dot(text.substr(at + 1));
}

}  // namespace roost::api
