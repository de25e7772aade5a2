#include "common/http/http1/request_input.h"

#include <utility>

#include "common/http/http1/head_rules.h"

namespace roost::http {
namespace {

RequestInput::Found refused(int status, const char* why, HeadReader::Verdict verdict = HeadReader::Verdict::refused) {
  RequestInput::Found found;
  found.reading.verdict = verdict;
  found.event = RequestInput::Event::refused;
  found.reading.refusal = {status, why};
  return found;
}

}  // namespace

RequestInput::Found RequestInput::next(std::string_view& bytes, const ServerLimits& limits, RequestHead& head) {
  if (in_body_) return next_of_body(bytes, dropped_ ? kMaxDropBytes : limits.max_body_bytes);
  return next_of_head(bytes, limits, head);
}

RequestInput::Found RequestInput::next_of_head(std::string_view& bytes, const ServerLimits& limits, RequestHead& head) {
  // One empty line before a request is passed over (RFC 9112 §2.2).
  if (!empty_line_skipped_ && bytes.starts_with("\r\n")) {
    empty_line_skipped_ = true;
    reader_.reset();
    bytes.remove_prefix(2);
    return {Event::empty_line, {}};
  }
  // What cannot become a request, such as a TLS greeting, is not waited for.
  const bool may_be_empty_line = bytes.front() == '\r' && (bytes.size() == 1 || bytes[1] == '\n');
  if (!may_be_empty_line && !is_token(bytes.substr(0, 1))) return refused(400, "not an HTTP request");
  Found found{Event::head, reader_.read_request(bytes.substr(0, limits.max_head_bytes), limits.max_fields, head)};
  if (found.reading.verdict == HeadReader::Verdict::incomplete) {
    found.event = Event::need_more;
    if (bytes.size() < limits.max_head_bytes) return found;
    if (!reader_.first_line_seen()) return refused(414, "the request target is over the limit");
    return refused(431, "the head is over the limit");
  }
  if (found.reading.verdict == HeadReader::Verdict::refused) {
    found.event = Event::refused;
    return found;
  }
  bytes.remove_prefix(found.reading.head_bytes);
  reader_.reset();
  if (head.target.size() > limits.max_target_bytes) {
    return refused(414, "the request target is over the limit", found.reading.verdict);
  }
  if (head.body.is_known() && head.body.bytes > limits.max_body_bytes) {
    return refused(413, "the body is over the limit", found.reading.verdict);
  }
  in_body_ = head.body.has_body();
  paused_ = dropped_ = empty_line_skipped_ = false;
  body_bytes_ = 0;
  if (in_body_) decoder_.start(found.reading.facts.framing);
  return found;
}

RequestInput::Found RequestInput::next_of_body(std::string_view& bytes, uint64_t max_body_bytes) {
  switch (decoder_.next(bytes)) {
    case BodyDecoder::Event::need_more:
      return {};
    case BodyDecoder::Event::content:
      body_bytes_ += decoder_.content().size();
      if (body_bytes_ > max_body_bytes) return refused(413, "the body is over the limit");
      return {Event::content, {}};
    case BodyDecoder::Event::end:
      in_body_ = false;
      return {Event::end, {}};
    case BodyDecoder::Event::malformed:
      return refused(400, "the chunked body is malformed");
  }
  return {};
}

bool RequestInput::ends_here() {
  std::string_view none;
  if (decoder_.next(none) != BodyDecoder::Event::end) return false;
  in_body_ = false;
  return true;
}

void RequestInput::drop_body() {
  paused_ = false;
  dropped_ = true;
  body_bytes_ = 0;
}

void RequestInput::stop() {
  in_body_ = false;
  body_bytes_ = 0;
  free_kept();
}

std::string RequestInput::take_kept() {
  return std::exchange(kept_, std::string());
}

void RequestInput::put_back(std::string bytes, size_t left) {
  if (left == 0) return;
  bytes.erase(0, bytes.size() - left);
  kept_ = std::move(bytes);
}

}  // namespace roost::http
