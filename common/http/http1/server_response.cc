#include <algorithm>

#include "common/base/check.h"
#include "common/http/http1/head_rules.h"
#include "common/http/http1/server_connection.h"

// The other half of ServerConnection: what goes out, and time.

namespace roost::http {
namespace {

// Of a connection that waits for its client and has nothing to write; 0 in other states.
int64_t idle_limit_ms(const ServerState& state, uint32_t requests, const ServerLimits& limits) {
  constexpr int64_t kLingerMs = 2'000;
  switch (state.now()) {
    case ServerState::State::idle:
      return requests == 0 ? limits.first_request_timeout_ms : limits.idle_timeout_ms;
    case ServerState::State::flushing:
      return limits.idle_timeout_ms;
    case ServerState::State::reading_head:
      return limits.head_timeout_ms;
    case ServerState::State::lingering:
      return kLingerMs;
    default:
      return 0;
  }
}

SendPace::Verdict look_at(const net::Stream& stream, SendPace& pace, const SendLimits& limits, int64_t now_ms) {
  const size_t queued = stream.queued_bytes();
  return queued == 0 ? SendPace::Verdict::keeps_up : pace.look(limits, now_ms, queued, stream.acknowledged_bytes());
}

}  // namespace

const net::Address& ServerConnection::client() const {
  static const net::Address unknown;
  return stream_ != nullptr ? stream_->peer() : unknown;
}

// ---- the response ---------------------------------------------------------------------------------------------------

// Valid until the next head of this loop is made.
std::string_view ServerConnection::make_head(const ResponseStart& start) {
  // A body that is not wanted and too long to read, or of unknown length, costs the connection, and this answer says so
  // (RFC 9112 §9.6); so does one that may never come, since the client that waited for 100 may go on without it.
  if (input_.in_body() && (response_.continue_awaited() || !input_.ends_soon())) response_.close_after();
  const uint32_t most = server_.limits.max_requests;
  if (server_.draining || (most > 0 && requests_ >= most)) response_.close_after();
  return response_.make_head(start, server_.scratch);
}

// Every byte of a response passes here, so that a client that takes nothing is found out.
bool ServerConnection::write(std::string_view head, std::span<const Slice> pieces, bool last, FieldBlockView trailers) {
  const size_t queued = stream_->queued_bytes();
  const bool below_watermark = response_.write(*stream_, head, pieces, last, trailers);
  if (queued > 0 && send_pace_.waiting()) {
    send_pace_.add(std::max(stream_->queued_bytes(), queued) - queued);
  } else if (stream_->queued_bytes() > 0) {
    send_pace_.begin(server_.loop.now_ms());
    arm_timer();
  }
  return below_watermark;
}

void ServerConnection::respond(const ResponseStart& start, std::span<const Slice> body) {
  if (state_ == State::closed) return;
  ResponseStart whole = start;
  if (start.body.kind == BodyLength::Kind::unknown) {
    whole.body = BodyLength::known(0);
    for (const Slice& piece : body) whole.body.bytes += piece.size;
  }
  write(make_head(whole), body, true);
  if (!response_.complete()) return abort();
  finish_response();
}

bool ServerConnection::send_head(const ResponseStart& start, std::span<const Slice> first_body) {
  if (state_ == State::closed) return true;
  if (start.status < 200) {
    response_.send_informational(*stream_, start, server_.scratch);
    return true;
  }
  const std::string_view head = make_head(start);
  response_.set_phase(Phase::streaming);
  return write(head, first_body, false);
}

bool ServerConnection::send_body(std::span<const Slice> pieces) {
  if (state_ == State::closed) return true;
  ROOST_CHECK(response_.phase() == Phase::streaming);
  return write({}, pieces, false);
}

void ServerConnection::end(FieldBlockView trailers) {
  if (state_ == State::closed) return;
  ROOST_CHECK(response_.phase() == Phase::streaming);
  if (response_.chunked()) write({}, {}, true, trailers);
  if (!response_.may_end()) return abort();
  finish_response();
}

void ServerConnection::finish_response() {
  response_.set_phase(Phase::ended);
  receiver_ = nullptr;
  body_pace_.start_again(server_.loop.now_ms(), 0);
  if (!response_.keep_alive()) return finish_connection();
  if (!input_.in_body()) return next_request();
  state_.move_to(State::draining);
  input_.drop_body();
  arm_timer();
  if (consuming_) return;
  settle_input();
  if (state_ == State::draining && input_.kept_bytes() > 0) deadline_.wake();
}

void ServerConnection::next_request() {
  body_pace_.reset();
  if (server_.draining && input_.kept_bytes() == 0) return finish_connection();
  state_.move_to(response_.below_watermark() ? State::idle : State::flushing);
  arm_timer();
  if (consuming_ || state_ == State::flushing) return;
  settle_input();
  if (state_ == State::idle && input_.kept_bytes() > 0) deadline_.wake();
}

void ServerConnection::on_drained() {
  RequestReceiver* waits = state_.sends_last() ? std::exchange(receiver_, nullptr) : nullptr;
  response_.on_drained();
  if (waits != nullptr) waits->on_client_writable();
  if (state_ == State::flushing) {
    next_request();
  } else if (state_ == State::exchanging && response_.phase() == Phase::streaming) {
    if (stream_->queued_bytes() == 0) send_pace_.pause(server_.loop.now_ms());
    arm_timer();
    receiver_->on_client_writable();
  }
}

// No further request. A client that asked for the end and has its answer is not waited for.
void ServerConnection::finish_connection() {
  const bool all_taken = stream_->queued_bytes() == 0;
  if (all_taken && (input_ended_ || (close_asked_ && !input_.in_body() && input_.kept_bytes() == 0))) return abort();
  linger();
}

// Closing at once would make the kernel send RST for bytes not read yet, which can cost the client its answer.
void ServerConnection::linger() {
  state_.move_to(State::lingering);
  receiver_ = nullptr;
  input_.stop();
  stream_->shutdown();
  if (!input_ended_) stream_->start_reading();
  arm_timer();
}

// ---- time -----------------------------------------------------------------------------------------------------------

int64_t ServerConnection::idle_ms() const {
  const int64_t limit_ms = admitted_ ? idle_limit_ms(state_, requests_, server_.limits)
                                     : 0;  // the end of one that was turned away makes no room
  if (limit_ms == 0 || stream_->queued_bytes() > 0 || (state_ == State::idle && input_.kept_bytes() > 0)) return -1;
  return std::max<int64_t>(0, limit_ms - deadline_.left_ms());
}

// One deadline for whatever is awaited just now. A client that owes us reading is held to that before anything else.
void ServerConnection::arm_timer() {
  const ServerLimits& limits = server_.limits;
  if (state_ == State::reading_head) {
    send_pace_.pause(server_.loop.now_ms());
    return deadline_.set_ms(limits.head_timeout_ms);
  }
  if (const size_t queued = stream_->queued_bytes(); queued > 0) {
    return deadline_.set_ms(send_pace_.next_look_ms(limits.send, server_.loop.now_ms(), queued));
  }
  if (!send_pace_.paused() || state_ != State::exchanging) send_pace_.reset();
  if (const int64_t limit_ms = idle_limit_ms(state_, requests_, limits); limit_ms > 0) {
    const bool idle = state_ == State::idle || state_ == State::flushing;
    return deadline_.set_ms(idle && server_.drain_idle_ms > 0 ? server_.drain_idle_ms : limit_ms);
  }
  if (input_.reads_body()) return deadline_.set_ms(limits.body_idle_timeout_ms);
  deadline_.clear();  // the acceptor's turn, and its time-outs
}

void ServerConnection::on_timeout() {
  if (input_.waits(state_ == State::idle)) {
    process_kept();
    if (state_ == State::closed) return;
  }
  if (!deadline_.over()) return;
  if (send_pace_.waiting()) {
    const auto verdict = look_at(*stream_, send_pace_, server_.limits.send, server_.loop.now_ms());
    if (verdict == SendPace::Verdict::keeps_up) return arm_timer();
    const bool stalled = verdict == SendPace::Verdict::stalled;
    server_.acceptor.on_limit(stalled ? Limit::send_time : Limit::send_rate);
    stream_->reset_on_close();  // else the kernel would go on keeping for it what it does not take
    return on_error(
        {stalled ? "the client does not take its answer" : "the client takes its answer too slowly", Side::client});
  }
  const std::string head = state_ == State::reading_head ? input_.take_kept() : std::string();
  RefusedRequest slow{.status = 408, .why = "the head took too long"};
  switch (state_.now()) {
    case State::reading_head:
      server_.acceptor.on_limit(Limit::head_time);
      see_request_line(head, slow.method, slow.target);
      return refuse(slow);
    case State::exchanging:
      server_.acceptor.on_limit(Limit::body_time);
      return refuse({.status = 408, .why = "the body took too long"});
    case State::draining:
      return linger();
    default:
      if (state_ == State::idle && requests_ == 0) server_.acceptor.on_limit(Limit::first_request_time);
      return abort();
  }
}

}  // namespace roost::http
