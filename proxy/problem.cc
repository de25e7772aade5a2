#include "proxy/problem.h"

#include <string>

#include <fmt/format.h>

namespace roost::proxy {

namespace {

/// How many bytes the UTF-8 sequence at the front has; 0 when it is none (RFC 3629).
size_t utf8_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : 4;
  if ((length == 4 && (first < 0xf0 || first > 0xf4)) || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what is above U+10FFFF.
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return length;
}

}  // namespace

void append_json_string(std::string& to, std::string_view text) {
  to.push_back('"');
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      to.append("\\ufffd");
    } else if (c == '"' || c == '\\') {
      to.append({'\\', c});
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      to.append(text.substr(0, length));
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  to.push_back('"');
}

void respond_problem(http::Responder& responder, int status, std::string_view detail, std::string_view more_fields) {
  std::string body = fmt::format(
      "{{\"type\":\"about:blank\",\"title\":\"{}\",\"status\":{},\"detail\":", http::reason_phrase(status), status);
  append_json_string(body, detail);
  body.append("}\n");
  const Slice piece{std::string_view(body)};
  responder.respond({.status = status,
                     .fields = "Content-Type: application/problem+json\r\nCache-Control: no-store\r\n",
                     .more_fields = more_fields,
                     .body = http::BodyLength::known(body.size())},
                    {&piece, 1});
}

}  // namespace roost::proxy
