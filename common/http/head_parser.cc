#include "common/http/head_parser.h"

#include <array>
#include <charconv>

#include <llhttp.h>

namespace roost::http {
namespace {

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = table[c | 0x20] = true;
  for (char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
    table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = make_token_table();

constexpr std::array<bool, 256> make_host_table() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[c] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[c] = table[c | 0x20] = true;
  for (char c : {'-', '.', '_', '~', '%', '!', '$', '&', '\'', '(', ')', '*', '+', ';', '=', ':', '[', ']'})
    table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kHost = make_host_table();

}  // namespace

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!kToken[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

namespace {

// HTAB, visible characters, obs-text (RFC 9110 §5.5).
bool is_field_value(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return false;
  }
  return true;
}

bool is_target(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f) return false;
  }
  return !text.empty();
}

// llhttp hands a token over in pieces; since the head is in one piece, they are adjacent.
void extend(std::string_view& token, const char* at, size_t length) {
  if (token.data() == nullptr) {
    token = {at, length};
  } else {
    token = {token.data(), static_cast<size_t>(at + length - token.data())};
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

struct Reading {
  Fields* fields = nullptr;
  size_t max_fields = 0;
  std::string_view first_token;  // target or reason
  std::string_view name;
  std::string_view value;
  Refusal refusal;
};

int refuse(Reading* reading, const char* why, int status = 400) {
  reading->refusal = {status, why};
  return HPE_USER;
}

int on_field_complete(llhttp_t* parser) {
  auto* reading = static_cast<Reading*>(parser->data);
  // llhttp passes over white space before the colon in some fields.
  if (!is_token(reading->name) || reading->name.end()[0] != ':')
    return refuse(reading, "a field name holds a character that is not allowed there");
  const std::string_view value = trimmed(reading->value);
  if (!is_field_value(value)) return refuse(reading, "a field value holds a control character");
  if (reading->fields->size() >= reading->max_fields || !reading->fields->add(reading->name, value)) {
    return refuse(reading, "too many fields", 431);
  }
  reading->name = reading->value = {};
  return 0;
}

llhttp_settings_t make_settings() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  auto first = [](llhttp_t* p, const char* at, size_t n) {
    extend(static_cast<Reading*>(p->data)->first_token, at, n);
    return 0;
  };
  settings.on_url = first;
  settings.on_status = first;
  settings.on_header_field = [](llhttp_t* p, const char* at, size_t n) {
    extend(static_cast<Reading*>(p->data)->name, at, n);
    return 0;
  };
  settings.on_header_value = [](llhttp_t* p, const char* at, size_t n) {
    extend(static_cast<Reading*>(p->data)->value, at, n);
    return 0;
  };
  settings.on_header_value_complete = on_field_complete;
  settings.on_headers_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
  return settings;
}

constexpr Refusal kFine;

Refusal refused(const char* why, int status = 400) {
  return {status, why};
}

// "GET /path HTTP/1.1": single spaces and nothing else (RFC 9112 §3); llhttp lets more pass.
Refusal check_request_line(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, bytes.find('\r'));
  const size_t method = line.find(' ');
  const size_t target = line.rfind(' ');
  if (method == std::string_view::npos || target <= method + 1) return refused("malformed request line");
  const std::string_view version = line.substr(target + 1);
  const bool shaped = version.size() == 8 && version.starts_with("HTTP/") && version[5] >= '0' && version[5] <= '9' &&
                      version[6] == '.' && version[7] >= '0' && version[7] <= '9';
  if (!shaped || !is_token(line.substr(0, method))) return refused("malformed request line");
  if (version[5] != '1' || version[7] > '1') return refused("only HTTP/1.0 and HTTP/1.1 are spoken here", 505);
  return is_target(line.substr(method + 1, target - method - 1))
             ? kFine
             : refused("the request target holds a character that is not allowed there");
}

// "HTTP/1.1 200 OK": the space behind the status may be missing together with the reason.
bool is_status_line(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, bytes.find('\r'));
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ') return false;
  for (const char digit : line.substr(9, 3)) {
    if (digit < '0' || digit > '9') return false;
  }
  return (line.size() == 12 || line[12] == ' ') && is_field_value(line.substr(12));
}

Refusal run(llhttp_t& parser, llhttp_type_t type, std::string_view bytes, Reading& reading) {
  static const llhttp_settings_t settings = make_settings();
  llhttp_init(&parser, type, &settings);
  parser.data = &reading;
  reading.fields->clear();
  const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
  if (error == HPE_PAUSED) return kFine;
  if (reading.refusal) return reading.refusal;
  if (error == HPE_INVALID_METHOD && type == HTTP_REQUEST) return refused("a method that is not known here", 501);
  return refused("malformed head");
}

Refusal set_content_length(const Fields& fields, BodyLength& body) {
  const Field* field = fields.find(FieldId::content_length);
  if (field == nullptr) return kFine;
  if (fields.count(FieldId::content_length) > 1) return refused("more than one Content-Length");
  const std::string_view text = field->value;
  uint64_t bytes = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (text.empty() || error != std::errc{} || rest != text.data() + text.size() || bytes > INT64_MAX) {
    return refused("Content-Length is not a number");
  }
  body = BodyLength::known(bytes);
  return kFine;
}

// RFC 9112 §6.1 and §6.3: one way to say where the body ends, said once.
Refusal set_framing(const Fields& fields, uint8_t version_minor, BodyLength& body) {
  body = BodyLength::none();
  const Field* coding = fields.find(FieldId::transfer_encoding);
  if (coding == nullptr) return set_content_length(fields, body);
  if (fields.has(FieldId::content_length)) return refused("Content-Length beside Transfer-Encoding");
  if (version_minor == 0) return refused("Transfer-Encoding in HTTP/1.0");
  if (fields.count(FieldId::transfer_encoding) > 1) return refused("more than one Transfer-Encoding");
  if (!equals_ignore_case(coding->value, "chunked")) return refused("a transfer coding other than chunked", 501);
  body = BodyLength::unknown();
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

// Registered names, addresses and a port (RFC 3986 §3.2.2), without user information.
bool is_host(std::string_view text) {
  for (const char c : text) {
    if (!kHost[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty() && text.front() != ':';
}

Method method_of(uint8_t llhttp_method) {
  switch (llhttp_method) {
    case HTTP_GET:
      return Method::get;
    case HTTP_HEAD:
      return Method::head;
    case HTTP_POST:
      return Method::post;
    case HTTP_PUT:
      return Method::put;
    case HTTP_DELETE:
      return Method::delete_;
    case HTTP_CONNECT:
      return Method::connect;
    case HTTP_OPTIONS:
      return Method::options;
    case HTTP_TRACE:
      return Method::trace;
    case HTTP_PATCH:
      return Method::patch;
    case HTTP_PURGE:
      return Method::purge;
    default:
      return Method::other;
  }
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
    if (target.front() == '?') return refused("the request target has no path");
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

Refusal set_authority(RequestHead& head) {
  if (!head.fields.has(FieldId::host)) return head.version_minor >= 1 ? refused("Host is missing") : kFine;
  if (head.fields.count(FieldId::host) > 1) return refused("more than one Host");
  const std::string_view host = head.fields.value(FieldId::host);
  if (!is_host(host)) return refused("Host is not a host");
  if (head.authority.empty()) head.authority = host;
  return kFine;
}

Refusal set_expectation(RequestHead& head) {
  head.expect_continue = false;
  if (!head.fields.has(FieldId::expect)) return kFine;
  if (head.fields.count(FieldId::expect) > 1 ||
      !equals_ignore_case(head.fields.value(FieldId::expect), "100-continue")) {
    return refused("an expectation that is not known", 417);
  }
  head.expect_continue = head.version_minor >= 1 && head.body.has_body();
  return kFine;
}

}  // namespace

Refusal parse_request_head(std::string_view bytes, size_t max_fields, RequestHead& head) {
  llhttp_t parser;
  Reading reading;
  reading.fields = &head.fields;
  reading.max_fields = max_fields;
  if (const Refusal refusal = check_request_line(bytes)) return refusal;
  if (const Refusal refusal = run(parser, HTTP_REQUEST, bytes, reading)) return refusal;
  head.method = method_of(parser.method);
  head.method_text = bytes.substr(0, bytes.find(' '));
  head.version_minor = parser.http_minor;
  if (head.method == Method::connect) return refused("CONNECT is not offered", 501);
  if (const Refusal refusal = set_target(reading.first_token, head)) return refusal;
  if (const Refusal refusal = set_authority(head)) return refusal;
  if (const Refusal refusal = set_framing(head.fields, head.version_minor, head.body)) return refusal;
  head.keep_alive = wants_keep_alive(head.fields, head.version_minor);
  return set_expectation(head);
}

Refusal parse_response_head(std::string_view bytes, size_t max_fields, bool to_head_request, ResponseHead& head) {
  llhttp_t parser;
  Reading reading;
  reading.fields = &head.fields;
  reading.max_fields = max_fields;
  if (const Refusal refusal = run(parser, HTTP_RESPONSE, bytes, reading)) return refusal;
  if (!is_status_line(bytes)) return refused("malformed status line");
  if (parser.http_minor > 1) return refused("not an HTTP/1 response", 505);
  head.status = parser.status_code;
  head.reason = reading.first_token;
  head.version_minor = parser.http_minor;
  if (head.status < 100 || head.status > 599) return refused("a status outside 100-599");
  head.keep_alive = wants_keep_alive(head.fields, head.version_minor);
  if (const Refusal refusal = set_framing(head.fields, head.version_minor, head.body)) return refusal;
  const bool bodiless = to_head_request || head.status < 200 || head.status == 204 || head.status == 304;
  if (bodiless) {
    if (head.body.kind != BodyLength::Kind::known) head.body = BodyLength::none();
  } else if (head.body.kind == BodyLength::Kind::none) {
    head.body.kind = BodyLength::Kind::until_close;
    head.keep_alive = false;
  }
  return kFine;
}

}  // namespace roost::http
