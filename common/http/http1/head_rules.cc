#include "common/http/http1/head_rules.h"

#include <array>
#include <charconv>

namespace roost::http {
namespace {

using ByteSet = std::array<bool, 256>;

constexpr ByteSet letters_digits_and(std::string_view others) {
  ByteSet set{};
  for (int c = '0'; c <= '9'; ++c) set[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) set[c] = set[c | 0x20] = true;
  for (const char c : others) set[static_cast<unsigned char>(c)] = true;
  return set;
}
constexpr ByteSet kToken = letters_digits_and("!#$%&'*+-.^_`|~");  // RFC 9110 §5.6.2
// Registered names and IPv4 addresses, and what stands between the brackets of a literal (RFC 3986 §3.2.2).
constexpr ByteSet kName = letters_digits_and("-._~%!$&'()*+;=");
constexpr ByteSet kLiteral = letters_digits_and("-._~%!$&'()*+;=:");

constexpr size_t kMaxMethodBytes = 32;

constexpr Refusal kFine;

Refusal refused(const char* why, int status = 400) {
  return {status, why};
}

bool all_of(std::string_view text, const ByteSet& set) {
  for (const char c : text) {
    if (!set[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

// A tab beside the value of a framing field is white space to the grammar and a part of the value to some readers.
// Looks at the bytes around the value: the colon before it and the CR behind it must have been received.
bool has_tab_beside(std::string_view value) {
  const char* at = value.data();
  while (*--at == ' ') continue;
  const char* behind = value.data() + value.size();
  while (*behind == ' ') ++behind;
  return *at != ':' || *behind != '\r';
}

Refusal set_content_length(const Fields& fields, Framing& framing) {
  const Field* field = fields.find(FieldId::content_length);
  if (field == nullptr) return kFine;
  if (fields.count(FieldId::content_length) > 1) return refused("more than one Content-Length");
  const std::string_view text = field->value;
  uint64_t bytes = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (text.empty() || has_tab_beside(text) || error != std::errc{} || rest != text.data() + text.size() ||
      bytes > INT64_MAX) {
    return refused("Content-Length is not a number");
  }
  framing = {Framing::Kind::counted, bytes};
  return kFine;
}

// Behind a host: nothing, or a colon and a port, which may be empty (RFC 3986 §3.2.3).
bool is_port_part(std::string_view text) {
  if (text.empty()) return true;
  if (text.size() == 1) return text == ":";
  uint16_t port = 0;
  const auto [rest, error] = std::from_chars(text.data() + 1, text.data() + text.size(), port);
  return text.front() == ':' && error == std::errc{} && rest == text.data() + text.size();
}

// `host [":" port]` (RFC 9110 §7.2).
bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    return end != std::string_view::npos && end > 1 && all_of(text.substr(1, end - 1), kLiteral) &&
           is_port_part(text.substr(end + 1));
  }
  size_t end = 0;
  while (end < text.size() && kName[static_cast<unsigned char>(text[end])]) ++end;
  return end > 0 && is_port_part(text.substr(end));
}

// Absolute form: takes the authority and leaves the origin form (RFC 9112 §3.2.2).
Refusal reduce_absolute_form(std::string_view& target, RequestHead& head) {
  size_t authority = 0;
  if (target.size() > 7 && equals_ignore_case(target.substr(0, 7), "http://")) authority = 7;
  if (target.size() > 8 && equals_ignore_case(target.substr(0, 8), "https://")) authority = 8;
  if (authority == 0) return refused("the request target is neither a path nor a URL");
  const size_t path = target.find_first_of("/?", authority);
  head.authority = target.substr(authority, path == std::string_view::npos ? path : path - authority);
  if (!is_host(head.authority)) return refused("the request target has no valid host");
  if (path == std::string_view::npos) {
    target = head.method == Method::options ? "*" : "/";
  } else {
    target.remove_prefix(path);
    if (target.front() == '?') target = head.own_target.assign("/").append(target);  // an empty path is "/"
  }
  return kFine;
}

}  // namespace

void see_request_line(std::string_view bytes, std::string_view& method, std::string_view& target) {
  const std::string_view line = bytes.substr(0, bytes.find_first_of("\r\n"));
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || space > kMaxMethodBytes || !is_token(line.substr(0, space))) return;
  method = line.substr(0, space);
  target = line.substr(space + 1);
  target = target.substr(0, target.find(' ')).substr(0, kMaxSeenTargetBytes);
}

bool is_token(std::string_view text) {
  return all_of(text, kToken);
}

std::string_view protocol_name(uint8_t version_minor) {
  return version_minor == 0 ? "1.0" : "1.1";
}

Method method_of(std::string_view text) {
  switch (text.front()) {
    case 'G':
      return text == "GET" ? Method::get : Method::other;
    case 'H':
      return text == "HEAD" ? Method::head : Method::other;
    case 'P':
      if (text == "POST") return Method::post;
      if (text == "PUT") return Method::put;
      if (text == "PATCH") return Method::patch;
      return text == "PURGE" ? Method::purge : Method::other;
    case 'D':
      return text == "DELETE" ? Method::delete_ : Method::other;
    case 'O':
      return text == "OPTIONS" ? Method::options : Method::other;
    case 'T':
      return text == "TRACE" ? Method::trace : Method::other;
    case 'C':
      return text == "CONNECT" ? Method::connect : Method::other;
    default:
      return Method::other;
  }
}

bool is_known_shape(std::string_view method) {
  for (const char c : method) {
    if ((c < 'A' || c > 'Z') && c != '-' && c != '_') return false;
  }
  return method.size() <= kMaxMethodBytes;
}

Refusal set_framing(const Fields& fields, HeadFacts& facts) {
  facts.framing = {};
  const Field* coding = fields.find(FieldId::transfer_encoding);
  if (coding == nullptr) return set_content_length(fields, facts.framing);
  if (fields.has(FieldId::content_length)) return refused("Content-Length beside Transfer-Encoding");
  if (facts.version_minor == 0) return refused("Transfer-Encoding in HTTP/1.0");
  if (has_tab_beside(coding->value)) return refused("a tab beside the transfer coding");
  if (fields.count(FieldId::transfer_encoding) > 1) return refused("more than one Transfer-Encoding");
  if (!equals_ignore_case(coding->value, "chunked")) {
    std::string_view last;
    for_each_list_element(coding->value, [&last](std::string_view element) { last = element; });
    if (!equals_ignore_case(last, "chunked")) return refused("the last transfer coding is not chunked");
    return refused("a transfer coding besides chunked", 501);
  }
  facts.framing = {Framing::Kind::chunked, 0};
  return kFine;
}

bool wants_keep_alive(const Fields& fields, uint8_t version_minor) {
  bool keep = version_minor >= 1;
  if (!fields.has(FieldId::connection)) return keep;
  for (const Field& field : fields) {
    if (field.id != FieldId::connection) continue;
    for_each_list_element(field.value, [&](std::string_view option) {
      if (equals_ignore_case(option, "close")) keep = false;
      if (version_minor == 0 && equals_ignore_case(option, "keep-alive")) keep = true;
    });
  }
  return keep;
}

Refusal set_target(std::string_view target, RequestHead& head) {
  head.authority = {};
  if (target.front() != '/' && !(target == "*" && head.method == Method::options)) {
    if (const Refusal refusal = reduce_absolute_form(target, head)) return refusal;
  }
  if (target.find('#') != std::string_view::npos) return refused("the request target has a fragment");
  head.target = target;
  const size_t question = target.find('?');
  head.path = target.substr(0, question);
  head.query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  return kFine;
}

Refusal set_authority(RequestHead& head, uint8_t version_minor) {
  if (!head.fields.has(FieldId::host)) return version_minor >= 1 ? refused("Host is missing") : kFine;
  if (head.fields.count(FieldId::host) > 1) return refused("more than one Host");
  const std::string_view host = head.fields.value(FieldId::host);
  if (!is_host(host)) return refused("Host is not a host");
  if (head.authority.empty()) head.authority = host;
  return kFine;
}

Refusal set_expectation(RequestHead& head, uint8_t version_minor) {
  head.expect_continue = false;
  if (!head.fields.has(FieldId::expect)) return kFine;
  if (head.fields.count(FieldId::expect) > 1 ||
      !equals_ignore_case(head.fields.value(FieldId::expect), "100-continue")) {
    return refused("an expectation that is not known", 417);
  }
  head.expect_continue = version_minor >= 1 && head.body.has_body();
  return kFine;
}

}  // namespace roost::http
