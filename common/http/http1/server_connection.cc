#include "common/http/http1/server_connection.h"

#include "common/base/check.h"
#include "common/http/http1/head_rules.h"
#include "common/http/server.h"

namespace roost::http {

ServerConnection::ServerConnection(Server::Impl& server, net::StreamPtr stream, bool https)
    : server_(server),
      stream_(std::move(stream)),
      deadline_(
          server.loop.timers(), [](void* self) { static_cast<ServerConnection*>(self)->on_timeout(); }, this),
      https_(https) {
  server_.connections.push_back(*this);
  ++server_.connection_count;
  stream_->set_receiver(this);
  arm_timer();
  stream_->start_reading();
}

void ServerConnection::set_state(State next) {
  ROOST_CHECK(state_ != State::closed);
  ROOST_CHECK(state_ != State::lingering || next == State::closed);
  ROOST_CHECK(next != State::reading_head || state_ == State::idle);
  ROOST_CHECK(next != State::exchanging || state_ == State::idle || state_ == State::reading_head);
  ROOST_CHECK(next != State::draining || state_ == State::exchanging);
  ROOST_CHECK(next != State::flushing || state_ == State::exchanging || state_ == State::draining);
  state_ = next;
}

// ---- bytes from the client ------------------------------------------------------------------------------------------

void ServerConnection::on_data(std::string_view bytes) {
  if (state_ == State::lingering) {
    body_bytes_ += bytes.size();
    if (body_bytes_ > kMaxLingerBytes) close();
    return;
  }
  if (!pending_.empty()) {
    pending_.append(bytes);
    if (state_ == State::reading_head || input_waits()) return process_pending();
  } else {
    pending_.append(consume(bytes));
  }
  settle_input();
}

// Whether kept bytes could be looked at now. In reading_head they have been.
bool ServerConnection::input_waits() const {
  return !pending_.empty() && (state_ == State::idle || (reads_body() && !body_paused_));
}

void ServerConnection::process_pending() {
  std::string bytes = std::move(pending_);
  pending_ = std::string();
  const size_t left = consume(bytes).size();
  if (left > 0) {
    bytes.erase(0, bytes.size() - left);
    pending_ = std::move(bytes);
  }
  settle_input();
}

// After input has been looked at: whether to read on, or to end.
void ServerConnection::settle_input() {
  if (state_ == State::closed || state_ == State::lingering) {
    pending_ = std::string();
    return;
  }
  if (input_ended_) {
    if (state_ == State::reading_head || (state_ == State::idle && pending_.empty())) return finish_connection();
    if (reads_body() && !body_paused_ && pending_.empty()) {
      client_gone({"the client closed in the middle of the request's body", Side::client});
    }
    return;
  }
  // Whoever sends on while a response is under way is not read further than this; reading at all shows when it goes.
  const bool enough = pending_.size() >= server_.limits.max_head_bytes || (reads_body() && body_paused_);
  if (enough) {
    stream_->stop_reading();
  } else {
    stream_->start_reading();
  }
}

// Takes heads, bodies and further heads from `bytes` until they are used up or must wait; returns what must wait.
std::string_view ServerConnection::consume(std::string_view bytes) {
  consuming_ = true;
  bool more = true;
  while (more && !bytes.empty()) {
    if (state_ == State::idle || state_ == State::reading_head) {
      more = consume_head(bytes);
    } else {
      more = reads_body() && consume_body(bytes);
    }
  }
  consuming_ = false;
  return bytes;
}

bool ServerConnection::consume_head(std::string_view& bytes) {
  // One empty line before a request is passed over (RFC 9112 §2.2).
  if (!empty_line_skipped_ && bytes.starts_with("\r\n")) {
    empty_line_skipped_ = true;
    reader_.reset();
    bytes.remove_prefix(2);
    if (state_ == State::reading_head) {
      set_state(State::idle);
      arm_timer();
    }
    return true;
  }
  // What cannot become a request, such as a TLS greeting, is not waited for.
  const bool may_be_empty_line = bytes.front() == '\r' && (bytes.size() == 1 || bytes[1] == '\n');
  if (!may_be_empty_line && !is_token(bytes.substr(0, 1))) {
    refuse(400, "not an HTTP request");
    return false;
  }
  const HeadReader::Reading reading =
      reader_.read_request(bytes.substr(0, server_.limits.max_head_bytes), server_.limits.max_fields, server_.head);
  switch (reading.verdict) {
    case HeadReader::Verdict::complete:
      bytes.remove_prefix(reading.head_bytes);
      reader_.reset();
      hand_over(reading.facts);
      return true;
    case HeadReader::Verdict::incomplete:
      incomplete_head(bytes);
      return false;
    case HeadReader::Verdict::refused:
      refuse(reading.refusal.status, reading.refusal.why);
      return false;
  }
  return false;
}

void ServerConnection::incomplete_head(std::string_view bytes) {
  if (bytes.size() >= server_.limits.max_head_bytes) {
    if (!reader_.first_line_seen()) return refuse(414, "the request target is over the limit");
    return refuse(431, "the head is over the limit");
  }
  if (state_ == State::idle) {
    set_state(State::reading_head);
    arm_timer();
  }
}

void ServerConnection::hand_over(const HeadFacts& facts) {
  RequestHead& head = server_.head;
  if (head.target.size() > server_.limits.max_target_bytes) return refuse(414, "the request target is over the limit");
  if (head.body.is_known() && head.body.bytes > server_.limits.max_body_bytes) {
    return refuse(413, "the body is over the limit");
  }
  set_state(State::exchanging);
  response_ = Response::awaited;
  request_done_ = !head.body.has_body();
  close_asked_ = !facts.keep_alive;
  keep_alive_ = facts.keep_alive;
  head_only_ = head.method == Method::head;
  http_1_0_ = facts.version_minor == 0;
  continue_awaited_ = head.expect_continue;
  body_paused_ = empty_line_skipped_ = false;
  body_bytes_ = 0;
  receiver_ = nullptr;
  deadline_.clear();
  writer_.reset_bytes_written();
  if (!request_done_) decoder_.start(facts.framing);
  head.scheme = https_ ? "https" : "http";
  server_.acceptor.on_request(*this, head);
  if (state_ != State::exchanging) return;
  ROOST_CHECK(receiver_ != nullptr);  // whoever answers later must be there to hear of the client's end
  if (!body_paused_) send_continue();
  arm_timer();
  if (request_done_) receiver_->on_request_end();
}

bool ServerConnection::consume_body(std::string_view& bytes) {
  if (body_paused_) return false;
  switch (decoder_.next(bytes)) {
    case BodyDecoder::Event::need_more:
      return false;
    case BodyDecoder::Event::content:
      if (!take_content(decoder_.content())) return false;
      // A body of known length ends with its last byte: say so now rather than with the next one.
      if (!reads_body() || !bytes.empty()) return true;
      if (decoder_.next(bytes) != BodyDecoder::Event::end) return false;
      [[fallthrough]];
    case BodyDecoder::Event::end:
      deliver_end_of_request();
      return true;
    case BodyDecoder::Event::malformed:
      refuse(400, "the chunked body is malformed");
      return false;
  }
  return false;
}

bool ServerConnection::take_content(std::string_view content) {
  continue_awaited_ = false;
  body_bytes_ += content.size();
  if (state_ == State::draining) {
    if (body_bytes_ > kMaxDrainBytes) return linger(), false;
    arm_timer();
    return true;
  }
  if (body_bytes_ > server_.limits.max_body_bytes) return refuse(413, "the body is over the limit"), false;
  arm_timer();
  receiver_->on_request_body(content);
  return state_ != State::closed && state_ != State::lingering;
}

void ServerConnection::deliver_end_of_request() {
  request_done_ = true;
  if (state_ == State::draining) return next_request();
  arm_timer();
  receiver_->on_request_end();
}

void ServerConnection::attach(RequestReceiver* receiver) {
  ROOST_CHECK(receiver != nullptr);
  if (state_ == State::exchanging) receiver_ = receiver;
}

void ServerConnection::pause_body() {
  if (state_ != State::exchanging || body_paused_) return;
  body_paused_ = true;
  if (!request_done_) stream_->stop_reading();
  arm_timer();
}

void ServerConnection::resume_body() {
  if (state_ != State::exchanging) return;
  body_paused_ = false;
  send_continue();
  arm_timer();
  if (consuming_) return;
  if (pending_.empty()) return settle_input();
  deadline_.wake();  // not from inside the receiver's call, but at the loop's next turn
}

void ServerConnection::on_end() {
  input_ended_ = true;
  if (input_waits()) return process_pending();
  if (state_ == State::lingering && stream_->queued_bytes() == 0) return close();
  settle_input();
}

void ServerConnection::on_error(const Error& error) {
  client_gone({error.what, Side::client, false, error.code});
}

// ---- the end --------------------------------------------------------------------------------------------------------

// The client broke a rule or a limit. It is told so while no response has begun; whoever has its request hears of it
// through on_client_gone, and where nobody has, the acceptor does.
void ServerConnection::refuse(int status, const char* why) {
  const Error error{why, Side::client, false, status};
  const bool handed_over = state_ == State::exchanging || state_ == State::draining;
  if (state_ == State::draining) return linger();
  if (handed_over && response_ != Response::awaited) return client_gone(error);
  if (!handed_over) {
    set_state(State::exchanging);
    head_only_ = http_1_0_ = false;
    writer_.reset_bytes_written();
  }
  RequestReceiver* receiver = std::exchange(receiver_, nullptr);
  const net::Address peer = stream_->peer();
  request_done_ = true;  // what is still to come of it is dropped behind FIN
  response_ = Response::awaited;
  keep_alive_ = close_asked_ = false;
  write_problem(status, why);
  if (receiver != nullptr) {
    receiver->on_client_gone(error);
  } else {
    server_.acceptor.on_refused(peer, status, error);
  }
}

void ServerConnection::client_gone(const Error& error) {
  RequestReceiver* receiver = state_ == State::exchanging ? std::exchange(receiver_, nullptr) : nullptr;
  close();
  if (receiver != nullptr) receiver->on_client_gone(error);
}

void ServerConnection::close() {
  if (state_ == State::closed) return;
  set_state(State::closed);
  deadline_.stop();
  receiver_ = nullptr;
  stream_.reset();
  unlink();
  --server_.connection_count;
  server_.loop.retire(std::unique_ptr<net::Retirable>(this));
}

void ServerConnection::drain() {
  if (state_ == State::idle && pending_.empty()) return stream_->queued_bytes() == 0 ? close() : linger();
}

}  // namespace roost::http
