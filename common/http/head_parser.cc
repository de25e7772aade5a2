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

bool is_token(std::string_view text) {
  for (const char c : text) {
    if (!kToken[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

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
  const char* refusal = nullptr;
  int refusal_status = 400;
};

int refuse(Reading* reading, const char* why, int status = 400) {
  reading->refusal = why;
  reading->refusal_status = status;
  return HPE_USER;
}

int on_field_complete(llhttp_t* parser) {
  auto* reading = static_cast<Reading*>(parser->data);
  if (!is_token(reading->name)) return refuse(reading, "a field name holds a character that is not allowed there");
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

tl::unexpected<Error> refused(const char* why, int status = 400) {
  return fail(why, Side::client, false, status);
}

Result<void> run(llhttp_t& parser, llhttp_type_t type, std::string_view bytes, Reading& reading) {
  static const llhttp_settings_t settings = make_settings();
  llhttp_init(&parser, type, &settings);
  parser.data = &reading;
  reading.fields->clear();
  const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
  if (error == HPE_PAUSED) return {};
  if (reading.refusal != nullptr) return refused(reading.refusal, reading.refusal_status);
  if (error == HPE_INVALID_METHOD && type == HTTP_REQUEST) {
    const std::string_view method = bytes.substr(0, bytes.find(' '));
    return is_token(method) && method.size() < 32 ? refused("a method that is not known here", 501)
                                                  : refused("malformed request line");
  }
  if (error == HPE_INVALID_VERSION) return refused("only HTTP/1.0 and HTTP/1.1 are spoken here", 505);
  return refused(error == HPE_OK ? "malformed head" : llhttp_get_error_reason(&parser));
}

Result<BodyLength> content_length(const Fields& fields) {
  const Field* field = fields.find(FieldId::content_length);
  if (field == nullptr) return BodyLength::none();
  if (fields.count(FieldId::content_length) > 1) return refused("more than one Content-Length");
  const std::string_view text = field->value;
  uint64_t bytes = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (text.empty() || error != std::errc{} || rest != text.data() + text.size() || bytes > INT64_MAX) {
    return refused("Content-Length is not a number");
  }
  return BodyLength::known(bytes);
}

// RFC 9112 §6.1 and §6.3: one way to say where the body ends, said once.
Result<BodyLength> framing(const Fields& fields, uint8_t version_minor) {
  const Field* coding = fields.find(FieldId::transfer_encoding);
  if (coding == nullptr) return content_length(fields);
  if (fields.has(FieldId::content_length)) return refused("Content-Length beside Transfer-Encoding");
  if (version_minor == 0) return refused("Transfer-Encoding in HTTP/1.0");
  if (fields.count(FieldId::transfer_encoding) > 1) return refused("more than one Transfer-Encoding");
  if (!equals_ignore_case(coding->value, "chunked")) return refused("a transfer coding other than chunked", 501);
  return BodyLength{BodyLength::Kind::chunked, 0};
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

bool is_host(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f || c == '/' || c == '?' || c == '#' || c == '@' || c == '\\' || c == '"' ||
        c == '<' || c == '>' || c == ',') {
      return false;
    }
  }
  return true;
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

// Origin form, "*" for OPTIONS, or absolute form reduced to origin form (RFC 9112 §3.2).
Result<void> set_target(std::string_view target, RequestHead& head) {
  if (!is_target(target)) return refused("the request target holds a character that is not allowed there");
  if (target.front() != '/' && !(target == "*" && head.method == Method::options)) {
    size_t authority = 0;
    if (target.size() > 7 && equals_ignore_case(target.substr(0, 7), "http://")) authority = 7;
    if (target.size() > 8 && equals_ignore_case(target.substr(0, 8), "https://")) authority = 8;
    if (authority == 0) return refused("the request target is neither a path nor a URL");
    const size_t path = target.find_first_of("/?", authority);
    head.authority = target.substr(authority, path == std::string_view::npos ? path : path - authority);
    if (head.authority.empty() || !is_host(head.authority)) return refused("the request target has no valid host");
    target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
    if (target.front() == '?') return refused("the request target has no path");
  }
  head.target = target;
  const size_t question = target.find('?');
  head.path = target.substr(0, question);
  head.query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  return {};
}

Result<void> set_host(RequestHead& head) {
  const size_t hosts = head.fields.has(FieldId::host) ? head.fields.count(FieldId::host) : 0;
  if (hosts > 1) return refused("more than one Host");
  if (hosts == 0) {
    if (head.version_minor >= 1) return refused("Host is missing");
    return {};
  }
  const std::string_view host = head.fields.value(FieldId::host);
  if (!is_host(host)) return refused("Host is not a host");
  if (head.authority.empty()) head.authority = host;
  return {};
}

}  // namespace

Result<void> parse_request_head(std::string_view bytes, size_t max_fields, RequestHead& head) {
  llhttp_t parser;
  Reading reading;
  reading.fields = &head.fields;
  reading.max_fields = max_fields;
  if (auto parsed = run(parser, HTTP_REQUEST, bytes, reading); !parsed) return parsed;
  if (parser.http_major != 1 || parser.http_minor > 1)
    return refused("only HTTP/1.0 and HTTP/1.1 are spoken here", 505);
  head.method = method_of(parser.method);
  head.method_text = bytes.substr(0, bytes.find(' '));
  head.version_minor = parser.http_minor;
  head.authority = {};
  if (head.method == Method::connect) return refused("CONNECT is not offered", 501);
  if (auto target = set_target(reading.first_token, head); !target) return target;
  if (auto host = set_host(head); !host) return host;
  auto body = framing(head.fields, head.version_minor);
  if (!body) return tl::unexpected(body.error());
  head.body = *body;
  head.keep_alive = wants_keep_alive(head.fields, head.version_minor);
  head.expect_continue = false;
  if (head.fields.has(FieldId::expect)) {
    if (!equals_ignore_case(head.fields.value(FieldId::expect), "100-continue"))
      return refused("an expectation that is not known", 417);
    head.expect_continue = head.version_minor >= 1 && head.body.has_body();
  }
  return {};
}

Result<void> parse_response_head(std::string_view bytes, size_t max_fields, bool to_head_request, ResponseHead& head) {
  llhttp_t parser;
  Reading reading;
  reading.fields = &head.fields;
  reading.max_fields = max_fields;
  if (auto parsed = run(parser, HTTP_RESPONSE, bytes, reading); !parsed) return parsed;
  if (parser.http_major != 1 || parser.http_minor > 1) return refused("not an HTTP/1 response", 505);
  head.status = parser.status_code;
  head.reason = reading.first_token;
  head.version_minor = parser.http_minor;
  if (head.status < 100 || head.status > 599) return refused("a status outside 100-599");
  head.keep_alive = wants_keep_alive(head.fields, head.version_minor);
  auto body = framing(head.fields, head.version_minor);
  if (!body) return tl::unexpected(body.error());
  head.body = *body;
  const bool bodiless = to_head_request || head.status < 200 || head.status == 204 || head.status == 304;
  if (bodiless) {
    if (head.body.kind != BodyLength::Kind::known) head.body = BodyLength::none();
  } else if (head.body.kind == BodyLength::Kind::none) {
    head.body.kind = BodyLength::Kind::until_close;
    head.keep_alive = false;
  }
  return {};
}

}  // namespace roost::http
