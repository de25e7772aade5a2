#pragma once

#include <optional>
#include <string>

#include <fmt/core.h>

#include "common/http/http1/head_parser.h"
#include "common/http/http1/head_scanner.h"
#include "tests/common/http/http1/llhttp_reading.h"

namespace roost::http {

/// Whether the parser takes `bytes` for a request head, and what llhttp says otherwise about it; empty when they agree.
/// The parser is the stricter one, so what it refuses is not compared. Two readers who differ about a request's end are
/// what request smuggling needs.
struct Agreement {
  bool accepted = false;
  std::string difference;

  explicit Agreement(std::string_view bytes) {
    HeadScanner scanner;
    if (scanner.scan(bytes) != HeadScanner::Verdict::complete) return;
    const std::string_view head_bytes = bytes.substr(0, scanner.head_bytes());
    RequestHead head;
    HeadFacts facts;
    if (parse_request_head(head_bytes, Fields::kMaxFields, head, facts)) return;
    accepted = true;
    const LlhttpReading other(head_bytes);
    if (other.error == HPE_INVALID_METHOD) return;  // it knows a list of methods, the parser their shape
    difference = compare(head, facts.framing, other);
  }

 private:
  static std::string compare(const RequestHead& head, const Framing& framing, const LlhttpReading& other) {
    if (!other.accepted()) return fmt::format("llhttp refuses it: {}", llhttp_errno_name(other.error));
    if (head.method_text != other.method) return "method " + other.method;
    if (other.url.front() == '/' && head.target != other.url) return "target " + other.url;
    if (head.fields.size() != other.fields.size()) return fmt::format("{} fields", other.fields.size());
    for (size_t i = 0; i < other.fields.size(); ++i) {
      const Field& field = head.fields.begin()[i];
      if (field.name != other.fields[i].first) return "name " + other.fields[i].first;
      if (field.value != other.fields[i].second) return "value " + other.fields[i].second;
    }
    if ((framing.kind == Framing::Kind::chunked) != other.chunked) return "whether it is chunked";
    if ((framing.kind == Framing::Kind::counted) != other.has_length) return "whether it has a length";
    if (other.has_length && framing.bytes != other.length) return fmt::format("length {}", other.length);
    return {};
  }
};

}  // namespace roost::http
