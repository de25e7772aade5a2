#pragma once

#include <string>
#include <string_view>

#include <fmt/core.h>

#include "common/http/http1/body_decoder.h"
#include "common/http/http1/head_reader.h"
#include "tests/common/http/http1/one_pass_decoder.h"
#include "tests/common/http/http1/one_pass_parser.h"

namespace roost::http {

/// Two readers who differ about where a message ends are what request smuggling needs. What the product lets in, llhttp
/// and its rules, the one-pass reader must let in as well, and read the same.
struct Agreement {
  bool accepted = false;
  bool stricter = false;   ///< the product refuses what the one-pass reader lets in
  std::string difference;  ///< empty when they agree

  static Agreement on_request(std::string_view bytes) {
    RequestHead head;
    HeadReader reader;
    const HeadReader::Reading reading = reader.read_request(bytes, Fields::kMaxFields, head);
    Agreement agreement;
    RequestHead other;
    HeadFacts facts;
    const std::string_view head_bytes = delimited(bytes);
    const bool lets_in =
        !head_bytes.empty() && !one_pass::parse_request_head(head_bytes, Fields::kMaxFields, other, facts);
    if (!agreement.decide(reading, head_bytes.size(), lets_in)) return agreement;
    if (head.method_text != other.method_text || head.method != other.method) agreement.difference = "method";
    if (head.target != other.target || head.path != other.path || head.query != other.query ||
        head.authority != other.authority) {
      agreement.difference = "target";
    }
    if (head.expect_continue != other.expect_continue) agreement.difference = "expectation";
    agreement.compare(head, other);
    agreement.compare_facts(reading.facts, facts);
    return agreement;
  }

  static Agreement on_response(std::string_view bytes, bool to_head_request) {
    ResponseHead head;
    HeadReader reader;
    const HeadReader::Reading reading = reader.read_response(bytes, Fields::kMaxFields, to_head_request, head);
    Agreement agreement;
    ResponseHead other;
    HeadFacts facts;
    const std::string_view head_bytes = delimited(bytes);
    const bool lets_in = !head_bytes.empty() &&
                         !one_pass::parse_response_head(head_bytes, Fields::kMaxFields, to_head_request, other, facts);
    if (!agreement.decide(reading, head_bytes.size(), lets_in)) return agreement;
    if (head.status != other.status || head.reason != other.reason) agreement.difference = "status line";
    agreement.compare(head, other);
    agreement.compare_facts(reading.facts, facts);
    return agreement;
  }

  /// A chunked body, whole.
  static Agreement on_body(std::string_view bytes) {
    Agreement agreement;
    const std::string product = decoded<BodyDecoder>(bytes, bytes.size() + 1);
    const std::string other = decoded<one_pass::BodyDecoder>(bytes, bytes.size() + 1);
    agreement.accepted = !product.ends_with("| malformed");
    agreement.stricter = !agreement.accepted && !other.ends_with("| malformed");
    if (agreement.accepted && product != other) agreement.difference = product + " and " + other;
    return agreement;
  }

  /// What a decoder makes of a body that comes in pieces of so many bytes.
  template <class Decoder>
  static std::string decoded(std::string_view text, size_t piece_bytes) {
    Decoder decoder;
    decoder.start({Framing::Kind::chunked, 0});
    std::string content;
    size_t at = 0;
    while (at < text.size()) {
      const std::string_view piece = text.substr(at, piece_bytes);
      std::string_view rest = piece;
      auto event = Decoder::Event::content;
      while (event == Decoder::Event::content) {
        event = decoder.next(rest);
        if (event == Decoder::Event::content) content.append(decoder.content());
      }
      at += piece.size() - rest.size();
      if (event == Decoder::Event::end) return content + "| ended at " + std::to_string(at);
      if (event == Decoder::Event::malformed) return content + "| malformed";
    }
    std::string_view nothing;
    const bool ended = decoder.next(nothing) == Decoder::Event::end;
    return content + (ended ? "| ended at " + std::to_string(at) : "| more");
  }

 private:
  static std::string_view delimited(std::string_view bytes) {
    HeadScanner scanner;
    const bool whole = scanner.scan(bytes) == HeadScanner::Verdict::complete;
    return bytes.substr(0, whole ? scanner.head_bytes() : 0);
  }

  // Whether both let it in, so that there is something to compare.
  bool decide(const HeadReader::Reading& reading, size_t head_bytes, bool lets_in) {
    accepted = reading.verdict == HeadReader::Verdict::complete;
    stricter = !accepted && lets_in;
    if (reading.verdict == HeadReader::Verdict::incomplete && head_bytes > 0) difference = "whether it is whole";
    if (!accepted) return false;
    if (!lets_in) {
      difference = "the one-pass parser refuses it";
    } else if (reading.head_bytes != head_bytes) {
      difference = fmt::format("{} and {} bytes", reading.head_bytes, head_bytes);
    }
    return difference.empty();
  }

  template <class Head>
  void compare(const Head& head, const Head& other) {
    if (head.protocol != other.protocol) difference = "protocol";
    if (head.body.kind != other.body.kind || head.body.bytes != other.body.bytes) difference = "length of the body";
    if (head.fields.size() != other.fields.size()) {
      difference = fmt::format("{} and {} fields", head.fields.size(), other.fields.size());
      return;
    }
    for (size_t i = 0; i < head.fields.size(); ++i) {
      const Field& field = head.fields.begin()[i];
      const Field& same = other.fields.begin()[i];
      if (field.name != same.name || field.value != same.value) difference = fmt::format("field {}", field.name);
    }
  }

  void compare_facts(const HeadFacts& facts, const HeadFacts& other) {
    if (facts.framing.kind != other.framing.kind || facts.framing.bytes != other.framing.bytes) difference = "framing";
    if (facts.keep_alive != other.keep_alive || facts.version_minor != other.version_minor) difference = "keep-alive";
  }
};

}  // namespace roost::http
