#include "common/http/http1/head_reader.h"

#include <array>
#include <cstring>

#include "common/http/http1/head_rules.h"
#include "common/http/http1/llhttp_spans.h"

namespace roost::http {
namespace {

constexpr Refusal kFine;
constexpr Refusal kIncomplete{0, "not whole"};
constexpr std::string_view kVersion = " HTTP/1.";  // behind a request's target, a digit and CRLF follow

constexpr Refusal refused(const char* why, int status = 400) {
  return {status, why};
}

// One run of llhttp over bytes that begin with a head: up to the head's end, the bytes' end or an error.
class HeadRun {
 public:
  HeadRun(llhttp_type_t type, size_t max_fields) {
    llhttp__internal_init(&machine_);
    machine_.type = type;
    machine_.data = &spans_;
    spans_.fields = fields_.data();
    fields_[0].name.end = nullptr;
    spans_.field_limit = static_cast<uint32_t>(max_fields);
  }
  // HPE_OK: the head is not whole. HPE_PAUSED: it is.
  llhttp_errno_t run(std::string_view bytes) {
    return static_cast<llhttp_errno_t>(llhttp__internal_execute(&machine_, bytes.data(), bytes.data() + bytes.size()));
  }
  const roost_spans& spans() const { return spans_; }
  // Behind the empty line.
  const char* end() const { return machine_.error_pos; }

  // The field lines from `line` on: each begins where the one before ended, and ends in CRLF, with nothing but a colon
  // and white space between name and value (RFC 9112 §5). What the spans hold llhttp has looked at.
  Refusal take_fields(const char* line, Fields& fields) const {
    for (uint32_t i = 0; i < spans_.field_count; ++i) {
      const roost_span& name = fields_[i].name;
      const roost_span& value = fields_[i].value;
      if (name.at != line || name.at == name.end || *name.end != ':') return refused("a malformed field name");
      const char* at = name.end + 1;
      while (is_blank(*at)) ++at;
      const bool empty = value.at == value.end;  // llhttp has no span for it, or one behind the line
      const char* last = empty ? at : value.end;
      if ((!empty && at < value.at) || last[0] != '\r' || last[1] != '\n') return refused("a malformed field value");
      line = last + 2;
      while (last > at && is_blank(last[-1])) --last;
      fields.add({name.at, static_cast<size_t>(name.end - name.at)},
                 {at, static_cast<size_t>(last > at ? last - at : 0)});
    }
    if (line[0] != '\r' || line[1] != '\n' || line + 2 != end()) return refused("a malformed line in the head");
    return kFine;
  }

  // Both must see the same body, or none.
  bool agrees_on(const Framing& framing) const {
    const bool chunked = (machine_.flags & F_CHUNKED) != 0;
    const bool counted = (machine_.flags & F_CONTENT_LENGTH) != 0;
    return chunked == (framing.kind == Framing::Kind::chunked) && counted == (framing.kind == Framing::Kind::counted) &&
           (!counted || machine_.content_length == framing.bytes);
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t'; }

  llhttp_t machine_;
  roost_spans spans_{};
  union {  // left as it is: only what was found is looked at
    std::array<roost_field_spans, Fields::kMaxFields + 1> fields_;
  };
};

Refusal refusal_of(llhttp_errno_t error) {
  switch (error) {
    case HPE_INVALID_URL:
      return refused("the request target holds a character that is not allowed there");
    case HPE_INVALID_HEADER_TOKEN:
      return refused("a field holds a character that is not allowed there");
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return refused("a malformed Content-Length, or more than one");
    case HPE_INVALID_TRANSFER_ENCODING:
      return refused("a malformed Transfer-Encoding");
    default:
      return refused("a malformed line in the head");
  }
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Why a request line was refused: another version, or a method of another shape, has a status of its own.
Refusal refusal_of_request(std::string_view bytes, llhttp_errno_t error) {
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  const size_t version = line.rfind(' ');
  if (version == std::string_view::npos) return refused("malformed request line");
  const std::string_view text = line.substr(version + 1);
  const size_t method = line.find(' ');
  const bool shaped = method < version && text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) &&
                      text[6] == '.' && is_digit(text[7]) && is_token(line.substr(0, method));
  if (!shaped) return refused("malformed request line");
  if (text[5] != '1' || text[7] > '1') return refused("only HTTP/1.0 and HTTP/1.1 are spoken here", 505);
  if (!is_known_shape(line.substr(0, method))) return refused("a method that is not known here", 501);
  return refusal_of(error);
}

// A transfer coding that llhttp refuses: by the rule it breaks, since it may be one that is only not known here.
Refusal refusal_of_coding(const roost_spans& spans, std::string_view bytes) {
  const Refusal malformed = refused("a malformed Transfer-Encoding");
  const char* colon = spans.fields[spans.field_count].name.end;
  if (colon == nullptr) return malformed;
  std::string_view value = bytes.substr(static_cast<size_t>(colon + 1 - bytes.data()));
  const size_t end = value.find('\r');
  if (end == std::string_view::npos) return malformed;  // the rules look at what stands behind the value
  value = value.substr(0, end);
  while (value.starts_with(' ')) value.remove_prefix(1);
  while (value.ends_with(' ')) value.remove_suffix(1);
  Fields coding;
  coding.add("Transfer-Encoding", value);
  HeadFacts facts;
  const Refusal refusal = set_framing(coding, facts);
  return refusal ? refusal : malformed;
}

// llhttp knows the registered methods. Another one of a known shape is read as if it were GET: all that differs for
// llhttp is the word.
llhttp_errno_t run_request(HeadRun& run, std::string_view bytes, size_t method_bytes, const RequestHead& head) {
  if (head.method != Method::other) return run.run(bytes);
  if (!is_known_shape(head.method_text)) return HPE_INVALID_METHOD;
  run.run("GET ");
  return run.run(bytes.substr(method_bytes + 1));
}

// "GET /path HTTP/1.1": single spaces and nothing else (RFC 9112 §3). Null, or the first field line.
const char* behind_request_line(const HeadRun& run, const char* target, HeadFacts& facts) {
  const roost_span& url = run.spans().url;
  constexpr ptrdiff_t kLeastBytes = kVersion.size() + 5;  // the digit and two ends of lines
  if (url.at != target || url.at == url.end || run.spans().split != 0 || run.end() - url.end < kLeastBytes)
    return nullptr;
  if (std::memcmp(url.end, kVersion.data(), kVersion.size()) != 0) return nullptr;
  const char* digit = url.end + kVersion.size();
  if ((*digit != '0' && *digit != '1') || digit[1] != '\r' || digit[2] != '\n') return nullptr;
  facts.version_minor = static_cast<uint8_t>(*digit - '0');
  return digit + 3;
}

struct Whole {
  Refusal refusal;
  size_t head_bytes = 0;
};

Whole read_whole_request(std::string_view bytes, size_t max_fields, RequestHead& head, HeadFacts& facts) {
  size_t method_bytes = 0;
  while (method_bytes < bytes.size() && bytes[method_bytes] != ' ' && bytes[method_bytes] != '\r') ++method_bytes;
  if (method_bytes == bytes.size()) return {kIncomplete};
  if (method_bytes == 0 || bytes[method_bytes] != ' ') return {refusal_of_request(bytes, HPE_INVALID_METHOD)};
  head.method_text = bytes.substr(0, method_bytes);
  head.method = method_of(head.method_text);
  HeadRun run(HTTP_REQUEST, max_fields);
  const llhttp_errno_t error = run_request(run, bytes, method_bytes, head);
  if (error == HPE_OK) return {kIncomplete};
  if (run.spans().too_many_fields != 0) return {refused("too many fields", 431)};
  if (error == HPE_INVALID_TRANSFER_ENCODING) return {refusal_of_coding(run.spans(), bytes)};
  if (error != HPE_PAUSED) return {refusal_of_request(bytes, error)};
  const char* fields = behind_request_line(run, bytes.data() + method_bytes + 1, facts);
  if (fields == nullptr) return {refusal_of_request(bytes, HPE_INVALID_VERSION)};
  head.protocol = protocol_name(facts.version_minor);
  head.fields.clear();
  if (const Refusal refusal = run.take_fields(fields, head.fields)) return {refusal};
  if (head.method == Method::connect) return {refused("CONNECT is not offered", 501)};
  const roost_span& url = run.spans().url;
  if (const Refusal refusal = set_target({url.at, static_cast<size_t>(url.end - url.at)}, head)) return {refusal};
  if (const Refusal refusal = set_authority(head, facts.version_minor)) return {refusal};
  if (const Refusal refusal = set_framing(head.fields, facts)) return {refusal};
  if (!run.agrees_on(facts.framing)) return {refused("the body's length can be read in two ways")};
  head.body = facts.framing.length();
  facts.keep_alive = wants_keep_alive(head.fields, facts.version_minor);
  return {set_expectation(head, facts.version_minor), static_cast<size_t>(run.end() - bytes.data())};
}

// "HTTP/1.1 200 OK" (RFC 9112 §4); the space behind the status may be missing together with the reason. Null, or the
// first field line.
const char* take_status_line(const HeadRun& run, const char* line, ResponseHead& head, HeadFacts& facts) {
  constexpr std::string_view kStart = "HTTP/1.";
  constexpr ptrdiff_t kLeastBytes = 16;  // "HTTP/1.1 200" and two ends of lines
  if (run.end() - line < kLeastBytes || std::memcmp(line, kStart.data(), kStart.size()) != 0) return nullptr;
  const char* status = line + 9;
  if ((line[7] != '0' && line[7] != '1') || line[8] != ' ') return nullptr;
  if (!is_digit(status[0]) || !is_digit(status[1]) || !is_digit(status[2])) return nullptr;
  facts.version_minor = static_cast<uint8_t>(line[7] - '0');
  head.status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
  const roost_span& reason = run.spans().status;
  const char* at = status + 3;
  if (*at == ' ') ++at;
  const char* end = reason.at != nullptr ? reason.end : at;
  if ((reason.at != nullptr && reason.at != at) || run.spans().split != 0) return nullptr;
  if (at == status + 3 && end != at) return nullptr;
  if (end[0] != '\r' || end[1] != '\n') return nullptr;
  head.reason = {at, static_cast<size_t>(end - at)};
  for (const char c : head.reason) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return nullptr;
  }
  return end + 2;
}

Whole read_whole_response(std::string_view bytes, size_t max_fields, bool to_head_request, ResponseHead& head,
                          HeadFacts& facts) {
  HeadRun run(HTTP_RESPONSE, max_fields);
  const llhttp_errno_t error = run.run(bytes);
  if (error == HPE_OK) return {kIncomplete};
  if (run.spans().too_many_fields != 0) return {refused("too many fields", 431)};
  if (error != HPE_PAUSED) return {refusal_of(error)};
  const char* fields = take_status_line(run, bytes.data(), head, facts);
  if (fields == nullptr) return {refused("malformed status line")};
  if (head.status < 100 || head.status > 599) return {refused("a status outside 100-599")};
  head.protocol = protocol_name(facts.version_minor);
  head.fields.clear();
  if (const Refusal refusal = run.take_fields(fields, head.fields)) return {refusal};
  if (const Refusal refusal = set_framing(head.fields, facts)) return {refusal};
  if (!run.agrees_on(facts.framing)) return {refused("the body's length can be read in two ways")};
  facts.keep_alive = wants_keep_alive(head.fields, facts.version_minor);
  const size_t head_bytes = static_cast<size_t>(run.end() - bytes.data());
  if (to_head_request || head.status < 200 || head.status == 204 || head.status == 304) {
    head.body = facts.framing.kind == Framing::Kind::counted ? facts.framing.length() : BodyLength::none();
    facts.framing = {};
    return {kFine, head_bytes};
  }
  if (facts.framing.kind == Framing::Kind::none) {
    facts.framing.kind = Framing::Kind::until_close;
    facts.keep_alive = false;
  }
  head.body = facts.framing.length();
  return {kFine, head_bytes};
}

}  // namespace

template <class Read>
HeadReader::Reading HeadReader::read(std::string_view bytes, const Read& read_whole) {
  Reading reading;
  if (scanner_.untouched()) {
    const Whole whole = read_whole(bytes, reading.facts);
    if (!whole.refusal) {
      reading.verdict = Verdict::complete;
      reading.head_bytes = whole.head_bytes;
      return reading;
    }
  }
  reading.verdict = Verdict::refused;
  switch (scanner_.scan(bytes)) {
    case HeadScanner::Verdict::incomplete:
      reading.verdict = Verdict::incomplete;
      return reading;
    case HeadScanner::Verdict::bare_line_feed:
      reading.refusal = refused("an LF without CR in the head");
      return reading;
    case HeadScanner::Verdict::folded_line:
      reading.refusal = refused("a folded field line");
      return reading;
    case HeadScanner::Verdict::complete:
      break;
  }
  reading.head_bytes = scanner_.head_bytes();
  const Whole whole = read_whole(bytes.substr(0, reading.head_bytes), reading.facts);
  reading.refusal = whole.refusal;
  if (reading.refusal.why == kIncomplete.why) reading.refusal = refused("a malformed line in the head");
  if (!reading.refusal && whole.head_bytes != reading.head_bytes) {
    reading.refusal = refused("the head's end can be read in two ways");
  }
  if (!reading.refusal) reading.verdict = Verdict::complete;
  return reading;
}

HeadReader::Reading HeadReader::read_request(std::string_view bytes, size_t max_fields, RequestHead& head) {
  return read(bytes, [&](std::string_view whole, HeadFacts& facts) {
    return read_whole_request(whole, max_fields, head, facts);
  });
}

HeadReader::Reading HeadReader::read_response(std::string_view bytes, size_t max_fields, bool to_head_request,
                                              ResponseHead& head) {
  return read(bytes, [&](std::string_view whole, HeadFacts& facts) {
    return read_whole_response(whole, max_fields, to_head_request, head, facts);
  });
}

}  // namespace roost::http
