#include "tests/common/http/http1/one_pass_decoder.h"

#include <algorithm>

namespace roost::http::one_pass {
namespace {

constexpr uint8_t kMaxSizeDigits = 15;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

}  // namespace

void BodyDecoder::start(const Framing& framing) {
  *this = BodyDecoder();
  switch (framing.kind) {
    case Framing::Kind::none:
      break;
    case Framing::Kind::counted:
      left_ = framing.bytes;
      state_ = left_ == 0 ? State::done : State::counted;
      break;
    case Framing::Kind::chunked:
      state_ = State::size_first;
      break;
    case Framing::Kind::until_close:
      state_ = State::until_close;
      break;
  }
}

BodyDecoder::Event BodyDecoder::take_content(std::string_view& bytes) {
  const size_t count =
      state_ == State::until_close ? bytes.size() : static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
  content_ = bytes.substr(0, count);
  bytes.remove_prefix(count);
  if (state_ != State::until_close) {
    left_ -= count;
    if (left_ == 0) state_ = state_ == State::counted ? State::done : State::data_cr;
  }
  return Event::content;
}

BodyDecoder::Event BodyDecoder::next(std::string_view& bytes) {
  while (true) {
    if (state_ == State::done) return Event::end;
    if (state_ == State::broken) return Event::malformed;
    if (bytes.empty()) return Event::need_more;
    if (state_ == State::counted || state_ == State::until_close || state_ == State::data) return take_content(bytes);
    state_ = step(bytes.front());
    bytes.remove_prefix(1);
  }
}

BodyDecoder::State BodyDecoder::step(char c) {
  switch (state_) {
    case State::data_cr:
      return c == '\r' ? State::data_lf : State::broken;
    case State::data_lf:
      digits_ = 0;
      line_bytes_ = 0;
      return c == '\n' ? State::size_first : State::broken;
    case State::trailer_first:
    case State::trailer:
    case State::trailer_lf:
      return step_trailer(c);
    case State::last_lf:
      return c == '\n' ? State::done : State::broken;
    default:
      return step_size(c);
  }
}

BodyDecoder::State BodyDecoder::step_size(char c) {
  if (++line_bytes_ > kMaxLineBytes) return State::broken;
  if (state_ == State::size_lf) {
    if (c != '\n') return State::broken;
    line_bytes_ = 0;
    return left_ == 0 ? State::trailer_first : State::data;
  }
  if (c == '\r') return state_ == State::size_first ? State::broken : State::size_lf;
  if (state_ == State::extension) return is_control(c) ? State::broken : State::extension;
  const int digit = hex_digit(c);
  if (digit >= 0) {
    if (state_ == State::size_first) left_ = 0;
    if (++digits_ > kMaxSizeDigits) return State::broken;
    left_ = left_ * 16 + static_cast<unsigned>(digit);
    return State::size;
  }
  return state_ == State::size && c == ';' ? State::extension : State::broken;
}

// Trailer fields are dropped (RFC 9110 §6.5.1 lets us); what matters is to find the empty line and nothing else.
BodyDecoder::State BodyDecoder::step_trailer(char c) {
  if (++line_bytes_ > kMaxTrailerBytes) return State::broken;
  if (state_ == State::trailer_lf) return c == '\n' ? State::trailer_first : State::broken;
  if (c == '\r') return state_ == State::trailer_first ? State::last_lf : State::trailer_lf;
  if (state_ == State::trailer_first && (c == ' ' || c == '\t')) return State::broken;
  return is_control(c) ? State::broken : State::trailer;
}

}  // namespace roost::http::one_pass
