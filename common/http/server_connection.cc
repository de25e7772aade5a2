#include "common/http/server_connection.h"

#include <fmt/core.h>

#include "common/base/check.h"
#include "common/http/head_parser.h"
#include "common/http/server_connection_impl.h"

namespace roost::http {
namespace {

Error gone(const char* what) {
  return Error{what, Side::client, false, 0};
}

}  // namespace

ServerConnection::ServerConnection(Server::Impl& server, net::StreamPtr stream)
    : server_(server),
      stream_(std::move(stream)),
      timer_(net::Timer::of<&ServerConnection::on_timeout>(server.loop.timers(), this)) {
  server_.connections.push_back(*this);
  ++server_.connection_count;
  stream_->set_receiver(this);
  stream_->start_reading();
  arm_timer();
}

ServerConnection::~ServerConnection() = default;

void ServerConnection::set_state(State next) {
  ROOST_CHECK(state_ != State::closed);
  ROOST_CHECK(state_ != State::lingering || next == State::closed);
  ROOST_CHECK(next != State::idle || state_ == State::exchanging);
  state_ = next;
}

// ---- bytes from the client ------------------------------------------------------------------------------------------

void ServerConnection::on_data(std::string_view bytes) {
  if (state_ == State::lingering) {
    body_bytes_ += bytes.size();
    if (body_bytes_ > kMaxLingerBytes) close();
    return;
  }
  if (pending_.empty()) {
    process(bytes);
  } else {
    keep(bytes);
    if (state_ != State::exchanging || !request_done_) process_pending();
  }
}

void ServerConnection::process_pending() {
  std::string bytes = std::move(pending_);
  pending_.clear();
  process(bytes);
}

// Takes heads, bodies and further heads from `bytes` until they are used up or must wait.
void ServerConnection::process(std::string_view bytes) {
  processing_ = true;
  bool more = true;
  while (more && !bytes.empty() && state_ != State::closed) {
    if (state_ == State::lingering) break;
    if (state_ == State::exchanging) {
      more = !request_done_ && process_body(bytes);
    } else {
      more = process_head(bytes);
    }
  }
  processing_ = false;
  if (state_ == State::closed || state_ == State::lingering) return;
  if (!bytes.empty()) keep(bytes);
  if (input_ended_ && state_ != State::exchanging) close();
}

void ServerConnection::keep(std::string_view bytes) {
  pending_.append(bytes);
  // Whoever sends on while a response is under way is not read further than this.
  if (state_ == State::exchanging && (request_done_ || body_paused_)) stream_->stop_reading();
}

bool ServerConnection::process_head(std::string_view& bytes) {
  // Empty lines before a request are passed over (RFC 9112 §2.2).
  while (!scanner_.first_line_seen() && bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  if (bytes.empty()) return false;
  const HeadScanner::Verdict verdict = scanner_.scan(bytes.substr(0, server_.limits.max_head_bytes));
  switch (verdict) {
    case HeadScanner::Verdict::complete: {
      const std::string_view head = bytes.substr(0, scanner_.head_bytes());
      bytes.remove_prefix(head.size());
      scanner_.reset();
      hand_over(head);
      return true;
    }
    case HeadScanner::Verdict::incomplete:
      if (bytes.size() >= server_.limits.max_head_bytes) {
        refuse(scanner_.first_line_seen() ? 431 : 414, gone("the head is over the limit"));
      } else if (state_ == State::idle) {
        set_state(State::reading_head);
        arm_timer();
      }
      return false;
    case HeadScanner::Verdict::bare_carriage_return:
      refuse(400, gone("a CR without LF in the head"));
      return false;
    case HeadScanner::Verdict::bare_line_feed:
      refuse(400, gone("an LF without CR in the head"));
      return false;
    case HeadScanner::Verdict::folded_line:
      refuse(400, gone("a folded field line"));
      return false;
  }
  return false;
}

void ServerConnection::hand_over(std::string_view head_bytes) {
  RequestHead& head = server_.head;
  auto parsed = parse_request_head(head_bytes, server_.limits.max_fields, head);
  if (!parsed) return refuse(parsed.error().code, parsed.error());
  if (head.target.size() > server_.limits.max_target_bytes)
    return refuse(414, gone("the request target is over the limit"));
  if (head.body.kind == BodyLength::Kind::known && head.body.bytes > server_.limits.max_body_bytes) {
    return refuse(413, gone("the body is over the limit"));
  }
  set_state(State::exchanging);
  keep_alive_ = head.keep_alive && !server_.draining;
  head_only_ = head.method == Method::head;
  http_1_0_ = head.version_minor == 0;
  continue_awaited_ = head.expect_continue;
  request_done_ = !head.body.has_body();
  body_paused_ = false;
  body_bytes_ = 0;
  receiver_ = nullptr;
  response_ = Response::awaited;
  writer_.reset_bytes_written();
  decoder_.start(head.body);
  server_.acceptor.on_request(*this, head);
  if (state_ != State::exchanging || response_ == Response::ended) return;
  if (receiver_ != nullptr && !request_done_) resume_body();
  if (state_ == State::exchanging) arm_timer();
}

bool ServerConnection::process_body(std::string_view& bytes) {
  if (body_paused_) return false;
  switch (decoder_.next(bytes)) {
    case BodyDecoder::Event::need_more:
      return false;
    case BodyDecoder::Event::content:
      body_bytes_ += decoder_.content().size();
      if (body_bytes_ > server_.limits.max_body_bytes) return refuse(413, gone("the body is over the limit")), false;
      if (response_ == Response::awaited) arm_timer();
      if (receiver_ != nullptr) receiver_->on_request_body(decoder_.content());
      // A body of known length ends with its last byte: say so now rather than with the next one.
      if (state_ != State::exchanging || !bytes.empty()) return true;
      if (decoder_.next(bytes) != BodyDecoder::Event::end) return false;
      [[fallthrough]];
    case BodyDecoder::Event::end:
      deliver_end_of_request();
      return true;
    case BodyDecoder::Event::malformed:
      refuse(400, gone("the chunked body is malformed"));
      return false;
  }
  return false;
}

void ServerConnection::deliver_end_of_request() {
  request_done_ = true;
  if (response_ == Response::ended) return next_request();
  arm_timer();
  if (receiver_ != nullptr) receiver_->on_request_end();
}

void ServerConnection::pause_body() {
  body_paused_ = true;
}

void ServerConnection::resume_body() {
  body_paused_ = false;
  if (state_ != State::exchanging) return;
  if (continue_awaited_ && response_ == Response::awaited) {
    continue_awaited_ = false;
    const Slice line(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"));
    stream_->write({&line, 1});
  }
  stream_->start_reading();
  if (!processing_ && !pending_.empty()) {
    // Not from inside the receiver's call: at the loop's next turn.
    timer_.start_ms(0);
  }
}

void ServerConnection::on_end() {
  input_ended_ = true;
  if (state_ == State::exchanging && request_done_) return;  // half closed: it still wants its answer
  if (state_ == State::exchanging) return client_gone(gone("the client closed in the middle of the request's body"));
  close();
}

void ServerConnection::on_error(const Error& error) {
  client_gone(Error{error.what, Side::client, false, error.code});
}

void ServerConnection::client_gone(const Error& error) {
  RequestReceiver* receiver = state_ == State::exchanging && response_ != Response::ended ? receiver_ : nullptr;
  receiver_ = nullptr;
  close();
  if (receiver != nullptr) receiver->on_client_gone(error);
}

// ---- the response ---------------------------------------------------------------------------------------------------

void ServerConnection::write_head(const ResponseStart& start) {
  ROOST_CHECK(state_ == State::exchanging && response_ == Response::awaited);
  continue_awaited_ = false;
  std::string& out = server_.scratch;
  out.assign("HTTP/1.1 ");
  append_number(out, static_cast<uint64_t>(start.status));
  out.append(" ").append(reason_phrase(start.status)).append("\r\n").append(start.fields).append(start.more_fields);
  BodyLength body = start.body;
  if (body.kind == BodyLength::Kind::until_close) body.kind = BodyLength::Kind::chunked;
  const bool bodiless = start.status < 200 || start.status == 204 || start.status == 304;
  if (bodiless) body = BodyLength::none();
  if (body.kind == BodyLength::Kind::none && !bodiless) body = BodyLength::known(0);
  if (body.kind == BodyLength::Kind::chunked && http_1_0_) {
    body.kind = BodyLength::Kind::until_close;
    keep_alive_ = false;
  }
  // A body that is not wanted and too long to read costs the connection.
  if (!request_done_ && (receiver_ == nullptr || decoder_.remaining() > kMaxDrainBytes) &&
      decoder_.remaining() > kMaxDrainBytes) {
    keep_alive_ = false;
  }
  if (input_ended_ || server_.draining) keep_alive_ = false;
  append_framing(out, body);
  if (!keep_alive_) {
    out.append("Connection: close\r\n");
  } else if (http_1_0_) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  writer_.start(head_only_ ? BodyLength::none() : body);
}

void ServerConnection::respond(const ResponseStart& start, std::span<const Slice> body) {
  write_head(start);
  writer_.write(*stream_, server_.scratch, head_only_ ? std::span<const Slice>() : body, true);
  finish_response();
}

bool ServerConnection::send_head(const ResponseStart& start, std::span<const Slice> first_body) {
  write_head(start);
  response_ = Response::streaming;
  const bool go_on =
      writer_.write(*stream_, server_.scratch, head_only_ ? std::span<const Slice>() : first_body, false);
  arm_timer();
  return go_on;
}

bool ServerConnection::send_body(std::span<const Slice> pieces) {
  ROOST_CHECK(response_ == Response::streaming);
  if (head_only_) return true;
  const bool go_on = writer_.write(*stream_, {}, pieces, false);
  if (!go_on) arm_timer();
  return go_on;
}

void ServerConnection::end() {
  ROOST_CHECK(response_ == Response::streaming);
  if (writer_.chunked()) writer_.write(*stream_, {}, {}, true);
  const bool whole = writer_.complete() || writer_.chunked() || http_1_0_;
  if (!whole) return abort();
  finish_response();
}

void ServerConnection::abort() {
  receiver_ = nullptr;
  close();
}

void ServerConnection::finish_response() {
  response_ = Response::ended;
  receiver_ = nullptr;
  if (!keep_alive_) return linger();
  if (request_done_) return next_request();
  // The rest of a body nobody wants any more is read and dropped, so that the connection can go on.
  body_paused_ = false;
  stream_->start_reading();
  arm_timer();
}

void ServerConnection::next_request() {
  set_state(State::idle);
  arm_timer();
  if (input_ended_ && pending_.empty() && !processing_) return linger();
  if (pending_.empty() || processing_) return;
  stream_->start_reading();
  timer_.start_ms(0);  // pipelined requests go on at the next turn, not deeper on this stack
}

void ServerConnection::refuse(int status, const Error& why) {
  server_.acceptor.on_refused(stream_->peer(), status, why);
  if (state_ == State::exchanging && response_ != Response::awaited) return client_gone(why);
  RequestReceiver* receiver = receiver_;
  receiver_ = nullptr;
  if (state_ != State::exchanging) {
    set_state(State::exchanging);
    head_only_ = http_1_0_ = false;
    writer_.reset_bytes_written();
  }
  request_done_ = true;
  response_ = Response::awaited;
  keep_alive_ = false;
  const std::string body =
      fmt::format("{{\"type\":\"about:blank\",\"title\":\"{}\",\"status\":{},\"detail\":\"{}\"}}\n",
                  reason_phrase(status), status, why.what);
  const Slice piece{std::string_view(body)};
  respond({.status = status,
           .fields = "Content-Type: application/problem+json\r\nCache-Control: no-store\r\n",
           .more_fields = {},
           .body = BodyLength::known(body.size())},
          {&piece, 1});
  if (receiver != nullptr) receiver->on_client_gone(why);
}

// ---- the end --------------------------------------------------------------------------------------------------------

// Closing at once would make the kernel send RST for bytes not read yet, which can cost the client its answer.
void ServerConnection::linger() {
  set_state(State::lingering);
  pending_ = std::string();
  body_bytes_ = 0;
  stream_->shutdown();
  stream_->start_reading();
  if (input_ended_ && stream_->queued_bytes() == 0) return close();
  timer_.start_ms(kLingerMs);
}

void ServerConnection::close() {
  if (state_ == State::closed) return;
  set_state(State::closed);
  timer_.stop();
  stream_.reset();
  unlink();
  --server_.connection_count;
  server_.loop.retire(std::unique_ptr<net::Retirable>(this));
}

void ServerConnection::drain() {
  keep_alive_ = false;
  if (state_ == State::idle) close();
}

void ServerConnection::on_drained() {
  if (state_ == State::exchanging && response_ == Response::streaming && receiver_ != nullptr) {
    arm_timer();
    receiver_->on_client_writable();
  }
}

// ---- time -----------------------------------------------------------------------------------------------------------

void ServerConnection::arm_timer() {
  queued_before_ = stream_->queued_bytes();
  switch (state_) {
    case State::idle:
      timer_.start_ms(queued_before_ > 0 ? server_.limits.write_timeout_ms : server_.limits.idle_timeout_ms);
      break;
    case State::reading_head:
      timer_.start_ms(server_.limits.head_timeout_ms);
      break;
    case State::exchanging:
      if (!request_done_ && !body_paused_) {
        timer_.start_ms(server_.limits.body_idle_timeout_ms);
      } else if (queued_before_ > 0) {
        timer_.start_ms(server_.limits.write_timeout_ms);
      } else {
        timer_.stop();  // the acceptor's turn, and its time-outs
      }
      break;
    case State::lingering:
    case State::closed:
      break;
  }
}

void ServerConnection::on_timeout() {
  const bool waiting_for_turn =
      state_ == State::idle || (state_ == State::exchanging && !request_done_ && !body_paused_);
  if (!pending_.empty() && waiting_for_turn) {
    arm_timer();
    return process_pending();
  }
  if (state_ == State::reading_head) return refuse(408, gone("the head took too long"));
  if (queued_before_ > 0 && state_ != State::lingering) {
    if (stream_->queued_bytes() < queued_before_) return arm_timer();
    return client_gone(gone("the client does not take its answer"));
  }
  if (state_ == State::exchanging) {
    if (response_ == Response::awaited) return refuse(408, gone("the body took too long"));
    return client_gone(gone("the body took too long"));
  }
  close();
}

// ---- Server ---------------------------------------------------------------------------------------------------------

Server::Server(net::EventLoop& loop, const ServerLimits& limits, RequestAcceptor& acceptor)
    : impl_(std::make_unique<Impl>(loop, limits, acceptor)) {
  ROOST_CHECK(limits.max_fields <= Fields::kMaxFields);
}

Server::~Server() {
  while (ServerConnection* connection = impl_->connections.pop_front()) delete connection;
}

void Server::adopt(net::StreamPtr stream) {
  // Owned by the list until it closes, and then by the loop's retire list.
  if (!impl_->draining) new ServerConnection(*impl_, std::move(stream));
}

size_t Server::connection_count() const {
  return impl_->connection_count;
}

void Server::drain() {
  impl_->draining = true;
  ServerConnection* connection = impl_->connections.front();
  while (connection != nullptr) {
    ServerConnection* next = impl_->connections.next(*connection);
    connection->drain();
    connection = next;
  }
}

}  // namespace roost::http
