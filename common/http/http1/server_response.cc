#include <fmt/core.h>

#include "common/base/check.h"
#include "common/http/http1/server_connection.h"

// The other half of ServerConnection: what goes out, and time.

namespace roost::http {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool is_bodiless(int status) {
  return status == 204 || status == 304;
}

}  // namespace

const net::Address& ServerConnection::client() const {
  static const net::Address unknown;
  return stream_ != nullptr ? stream_->peer() : unknown;
}

// ---- the response ---------------------------------------------------------------------------------------------------

void ServerConnection::send_continue() {
  if (!continue_awaited_ || response_ != Response::awaited) return;
  continue_awaited_ = false;
  const Slice line(kContinue);
  below_watermark_ = stream_->write({&line, 1});
}

// How the body is framed for this client; decides as well whether the connection can outlive it.
Framing ServerConnection::outgoing_framing(const ResponseStart& start) {
  ROOST_CHECK(start.body.kind != BodyLength::Kind::tunnel);
  if (is_bodiless(start.status)) return {};
  if (start.body.kind != BodyLength::Kind::unknown) return {Framing::Kind::counted, start.body.bytes};
  if (!http_1_0_) return {Framing::Kind::chunked, 0};
  keep_alive_ = false;
  return {Framing::Kind::until_close, 0};
}

// Valid until the next head of this loop is made.
std::string_view ServerConnection::make_head(const ResponseStart& start) {
  ROOST_CHECK(response_ == Response::awaited && start.status >= 200 && start.status <= 599);
  const Framing framing = outgoing_framing(start);
  // A body that is not wanted and too long to read costs the connection; so does one that may never come, since the
  // client that waited for 100 may go on without it.
  if (!request_done_ && (continue_awaited_ || decoder_.remaining() > kMaxDrainBytes)) keep_alive_ = false;
  if (server_.draining) keep_alive_ = false;
  HeadBuilder head(server_.scratch, start.fields.bytes().size() + start.more_fields.bytes().size());
  head.put("HTTP/1.1 ");
  head.put_number(static_cast<uint64_t>(start.status));
  head.put(" ");
  head.put(reason_phrase(start.status));
  head.put("\r\n");
  head.put(start.fields);
  head.put(start.more_fields);
  head.put_framing(framing);
  if (!keep_alive_) {
    head.put("Connection: close\r\n");
  } else if (http_1_0_) {
    head.put("Connection: keep-alive\r\n");
  }
  head.put("\r\n");
  writer_.start(head_only_ ? Framing() : framing);
  return head.text();
}

// Every byte of a response passes here, so that a client that takes nothing is found out.
bool ServerConnection::write(std::string_view head, std::span<const Slice> pieces, bool last, FieldBlockView trailers) {
  const uint64_t before = writer_.bytes_written();
  const bool behind = stream_->queued_bytes() > 0;
  below_watermark_ =
      writer_.write(*stream_, head, writer_.bodiless() ? std::span<const Slice>() : pieces, last, trailers);
  if (behind && queued_at_most_ > 0) {
    queued_at_most_ += writer_.bytes_written() - before;
  } else if (stream_->queued_bytes() > 0) {
    arm_timer();
  }
  return below_watermark_;
}

void ServerConnection::respond(const ResponseStart& start, std::span<const Slice> body) {
  if (state_ == State::closed) return;
  ResponseStart whole = start;
  if (start.body.kind == BodyLength::Kind::unknown) {
    whole.body = BodyLength::known(0);
    for (const Slice& piece : body) whole.body.bytes += piece.size;
  }
  write(make_head(whole), body, true);
  if (!writer_.complete()) return abort();
  finish_response();
}

bool ServerConnection::send_head(const ResponseStart& start, std::span<const Slice> first_body) {
  if (state_ == State::closed) return true;
  const std::string_view head = make_head(start);
  response_ = Response::streaming;
  return write(head, first_body, false);
}

bool ServerConnection::send_body(std::span<const Slice> pieces) {
  if (state_ == State::closed) return true;
  ROOST_CHECK(response_ == Response::streaming);
  return write({}, pieces, false);
}

void ServerConnection::end(FieldBlockView trailers) {
  if (state_ == State::closed) return;
  ROOST_CHECK(response_ == Response::streaming);
  if (writer_.chunked()) write({}, {}, true, trailers);
  if (!writer_.may_end()) return abort();
  finish_response();
}

void ServerConnection::abort() {
  close();
}

// The client broke the rules: an answer that says which, and the last one on this connection (RFC 9457).
void ServerConnection::write_problem(int status, const char* why) {
  const std::string body = fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":"{}"}})",
                                       reason_phrase(status), status, why);
  static const FieldBlock fields{{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}};
  const Slice piece{std::string_view(body)};
  respond({.status = status, .fields = fields, .more_fields = {}, .body = BodyLength::known(body.size())}, {&piece, 1});
}

void ServerConnection::finish_response() {
  response_ = Response::ended;
  receiver_ = nullptr;
  if (!keep_alive_) return finish_connection();
  if (request_done_) return next_request();
  set_state(State::draining);
  body_paused_ = false;
  body_bytes_ = 0;
  arm_timer();
  if (consuming_) return;
  settle_input();
  if (state_ == State::draining && !pending_.empty()) deadline_.wake();
}

void ServerConnection::next_request() {
  if (server_.draining && pending_.empty()) return finish_connection();
  set_state(below_watermark_ ? State::idle : State::flushing);
  arm_timer();
  if (consuming_ || state_ == State::flushing) return;
  settle_input();
  if (state_ == State::idle && !pending_.empty()) deadline_.wake();
}

void ServerConnection::on_drained() {
  below_watermark_ = true;
  if (state_ == State::flushing) {
    next_request();
  } else if (state_ == State::exchanging && response_ == Response::streaming) {
    arm_timer();
    receiver_->on_client_writable();
  }
}

// No further request. A client that asked for the end and has its answer is not waited for.
void ServerConnection::finish_connection() {
  const bool all_taken = stream_->queued_bytes() == 0;
  if (all_taken && (input_ended_ || (close_asked_ && request_done_ && pending_.empty()))) return close();
  linger();
}

// Closing at once would make the kernel send RST for bytes not read yet, which can cost the client its answer.
void ServerConnection::linger() {
  set_state(State::lingering);
  receiver_ = nullptr;
  pending_ = std::string();
  body_bytes_ = 0;
  stream_->shutdown();
  if (!input_ended_) stream_->start_reading();
  arm_timer();
}

// ---- time -----------------------------------------------------------------------------------------------------------

// One deadline for whatever is awaited just now. A client that owes us reading is held to that before anything else.
void ServerConnection::arm_timer() {
  const ServerLimits& limits = server_.limits;
  queued_at_most_ = 0;
  if (state_ == State::reading_head) return deadline_.set_ms(limits.head_timeout_ms);
  if (const size_t queued = stream_->queued_bytes(); queued > 0) {
    queued_at_most_ = queued;
    return deadline_.set_ms(limits.write_timeout_ms);
  }
  if (state_ == State::idle || state_ == State::flushing) return deadline_.set_ms(limits.idle_timeout_ms);
  if (state_ == State::lingering) return deadline_.set_ms(kLingerMs);
  if (reads_body() && !body_paused_) return deadline_.set_ms(limits.body_idle_timeout_ms);
  deadline_.clear();  // the acceptor's turn, and its time-outs
}

void ServerConnection::on_timeout() {
  if (input_waits()) {
    process_pending();
    if (state_ == State::closed) return;
  }
  if (deadline_.over()) expire();
}

void ServerConnection::expire() {
  if (queued_at_most_ > 0 && stream_->queued_bytes() < queued_at_most_) return arm_timer();  // it is slow, not gone
  if (queued_at_most_ > 0) return client_gone({"the client does not take its answer", Side::client});
  switch (state_) {
    case State::reading_head:
      return refuse(408, "the head took too long");
    case State::exchanging:
      return refuse(408, "the body took too long");
    case State::draining:
      return linger();
    default:
      return close();
  }
}

}  // namespace roost::http
