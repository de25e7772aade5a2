#include "tests/common/http/http1/one_pass_parser.h"

#include <array>
#include <bit>
#include <charconv>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace roost::http::one_pass {
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
// Registered names, addresses and a port (RFC 3986 §3.2.2), without user information.
constexpr ByteSet kHost = letters_digits_and("-._~%!$&'()*+;=:[]");

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

// Visible ASCII without a fragment (RFC 9112 §3.2; what a URI may not hold but browsers send, such as '|', passes).
bool is_target(std::string_view text) {
  for (const char c : text) {
    if (c <= 0x20 || c == 0x7f || c == '#') return false;
  }
  return !text.empty();
}

bool ends_value(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

// The first byte at or behind `at` that no field value may hold (RFC 9110 §5.5): a control character but HTAB. There is
// one before `end`, the CR that ends the head.
const char* value_end(const char* at, const char* end) {
#ifdef __SSE2__
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i ends =
        _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), control), _mm_cmpeq_epi8(bytes, del));
    const auto found = static_cast<unsigned>(_mm_movemask_epi8(ends));
    if (found != 0) return at + std::countr_zero(found);
  }
#endif
  while (at != end && !ends_value(*at)) ++at;
  return at;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// The field lines between the first line and the empty one. HeadScanner has seen to it that the head ends in an empty
// line, so that each loop here finds a CR before `end`.
Refusal parse_fields(const char* at, const char* end, size_t max_fields, Fields& fields) {
  while (*at != '\r') {
    const char* name = at;
    while (kToken[static_cast<unsigned char>(*at)]) ++at;
    if (at == name || *at != ':') return refused("a field name holds a character that is not allowed there");
    const std::string_view name_text(name, static_cast<size_t>(at - name));
    do ++at;
    while (is_blank(*at));
    const char* value = at;
    at = value_end(at, end);
    if (at[0] != '\r' || at[1] != '\n') return refused("a field value holds a control character");
    const char* last = at;
    while (last != value && is_blank(last[-1])) --last;
    if (fields.size() >= max_fields || !fields.add(name_text, {value, static_cast<size_t>(last - value)})) {
      return refused("too many fields", 431);
    }
    at += 2;
  }
  return at + 2 == end ? kFine : refused("a CR without LF in the head");
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

// A method is any token (RFC 9110 §9.1); those that differ from the registered ones in more than letters are not
// passed on, since "get" is GET to some.
bool is_known_shape(std::string_view method) {
  for (const char c : method) {
    if ((c < 'A' || c > 'Z') && c != '-' && c != '_') return false;
  }
  return method.size() <= kMaxMethodBytes;
}

struct RequestLine {
  std::string_view method;
  std::string_view target;
  uint8_t version_minor = 1;
};

// "GET /path HTTP/1.1": single spaces and nothing else (RFC 9112 §3).
Refusal parse_request_line(std::string_view line, RequestLine& parts) {
  constexpr size_t kVersionBytes = 9;  // with the space before it
  const size_t method = line.find(' ');
  if (line.size() < kVersionBytes || method >= line.size() - kVersionBytes) return refused("malformed request line");
  const std::string_view version = line.substr(line.size() - kVersionBytes);
  const bool shaped = version.starts_with(" HTTP/") && version[6] >= '0' && version[6] <= '9' && version[7] == '.' &&
                      version[8] >= '0' && version[8] <= '9';
  parts.method = line.substr(0, method);
  if (!shaped || !all_of(parts.method, kToken)) return refused("malformed request line");
  if (version[6] != '1' || version[8] > '1') return refused("only HTTP/1.0 and HTTP/1.1 are spoken here", 505);
  parts.target = line.substr(method + 1, line.size() - kVersionBytes - method - 1);
  parts.version_minor = static_cast<uint8_t>(version[8] - '0');
  if (!is_target(parts.target)) return refused("the request target holds a character that is not allowed there");
  return is_known_shape(parts.method) ? kFine : refused("a method that is not known here", 501);
}

// "HTTP/1.1 200 OK" (RFC 9112 §4); the space behind the status may be missing together with the reason.
Refusal parse_status_line(std::string_view line, ResponseHead& head, HeadFacts& facts) {
  const bool shaped = line.size() >= 12 && line.starts_with("HTTP/1.") && (line[7] == '0' || line[7] == '1') &&
                      line[8] == ' ' && (line.size() == 12 || line[12] == ' ');
  if (!shaped) return refused("malformed status line");
  facts.version_minor = static_cast<uint8_t>(line[7] - '0');
  head.protocol = protocol_name(facts.version_minor);
  const auto [rest, error] = std::from_chars(line.data() + 9, line.data() + 12, head.status);
  if (error != std::errc{} || rest != line.data() + 12 || head.status < 100 || head.status > 599) {
    return refused("a status outside 100-599");
  }
  head.reason = line.substr(line.size() == 12 ? 12 : 13);
  for (const char c : head.reason) {
    if (ends_value(c)) return refused("malformed status line");
  }
  return kFine;
}

// A tab beside the value of a framing field is white space to the grammar and a part of the value to some readers.
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

// RFC 9112 §6.1 and §6.3: one way to say where the body ends, said once.
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

bool is_port(std::string_view text) {
  uint32_t port = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || port > 65'535) return false;
    port = port * 10 + static_cast<uint32_t>(c - '0');
  }
  return port <= 65'535;
}

bool is_host(std::string_view text) {
  if (!all_of(text, kHost)) return false;
  const auto is_bracket = [](char c) { return c == '[' || c == ']'; };
  size_t at = 0;
  if (text[0] == '[') {
    for (++at; at < text.size() && !is_bracket(text[at]); ++at) continue;
    if (at == 1 || at == text.size() || text[at++] != ']') return false;
  } else {
    while (at < text.size() && text[at] != ':' && !is_bracket(text[at])) ++at;
    if (at == 0) return false;
  }
  return at == text.size() || (text[at] == ':' && is_port(text.substr(at + 1)));
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
    if (target.front() == '?') target = head.own_target.assign("/").append(target);
  }
  return kFine;
}

Refusal set_target(std::string_view target, RequestHead& head) {
  head.authority = {};
  if (target.front() != '/' && !(target == "*" && head.method == Method::options)) {
    if (const Refusal refusal = reduce_absolute_form(target, head)) return refusal;
  }
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

}  // namespace

Refusal parse_request_head(std::string_view bytes, size_t max_fields, RequestHead& head, HeadFacts& facts) {
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  RequestLine parts;
  if (const Refusal refusal = parse_request_line(line, parts)) return refusal;
  head.method_text = parts.method;
  head.method = method_of(parts.method);
  facts.version_minor = parts.version_minor;
  head.protocol = protocol_name(parts.version_minor);
  head.fields.clear();
  if (const Refusal refusal =
          parse_fields(line.data() + line.size() + 2, bytes.data() + bytes.size(), max_fields, head.fields)) {
    return refusal;
  }
  if (head.method == Method::connect) return refused("CONNECT is not offered", 501);
  if (const Refusal refusal = set_target(parts.target, head)) return refusal;
  if (const Refusal refusal = set_authority(head, facts.version_minor)) return refusal;
  if (const Refusal refusal = set_framing(head.fields, facts)) return refusal;
  head.body = facts.framing.length();
  facts.keep_alive = wants_keep_alive(head.fields, facts.version_minor);
  return set_expectation(head, facts.version_minor);
}

Refusal parse_response_head(std::string_view bytes, size_t max_fields, bool to_head_request, ResponseHead& head,
                            HeadFacts& facts) {
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  if (const Refusal refusal = parse_status_line(line, head, facts)) return refusal;
  head.fields.clear();
  if (const Refusal refusal =
          parse_fields(line.data() + line.size() + 2, bytes.data() + bytes.size(), max_fields, head.fields)) {
    return refusal;
  }
  if (const Refusal refusal = set_framing(head.fields, facts)) return refusal;
  facts.keep_alive = wants_keep_alive(head.fields, facts.version_minor);
  const bool bodiless = to_head_request || head.status < 200 || head.status == 204 || head.status == 304;
  if (bodiless) {
    head.body = facts.framing.kind == Framing::Kind::counted ? facts.framing.length() : BodyLength::none();
    facts.framing = {};
    return kFine;
  }
  if (facts.framing.kind == Framing::Kind::none) {
    facts.framing.kind = Framing::Kind::until_close;
    facts.keep_alive = false;
  }
  head.body = facts.framing.length();
  return kFine;
}

}  // namespace roost::http::one_pass
