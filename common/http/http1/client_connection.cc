#include "common/http/http1/client_connection.h"

#include <algorithm>
#include <cerrno>

#include <fmt/core.h>

#include "common/base/check.h"
#include "common/http/client.h"
#include "common/net/local_error.h"
#include "common/net/tcp_stream.h"

namespace roost::http {
namespace {

// What the connections of one thread share while they parse and write: an idle connection holds no buffer.
struct Scratch {
  ResponseHead head;
  std::string text;
};
Scratch& scratch() {
  thread_local Scratch shared;
  return shared;
}

Framing outgoing_framing(const BodyLength& body) {
  ROOST_CHECK(body.kind != BodyLength::Kind::tunnel);
  if (body.kind == BodyLength::Kind::none) return {};
  return body.is_known() ? Framing{Framing::Kind::counted, body.bytes} : Framing{Framing::Kind::chunked, 0};
}

}  // namespace

BackendConnection::BackendConnection(net::EventLoop& loop, net::StreamPtr stream, const net::Address& backend,
                                     const ClientLimits& limits, bool connected)
    : limits_(limits),
      backend_(backend),
      stream_(std::move(stream)),
      deadline_(
          loop.timers(), [](void* self) { static_cast<BackendConnection*>(self)->on_timeout(); }, this),
      state_(connected ? State::ready : State::connecting),
      connected_(connected) {
  ROOST_CHECK(limits.max_fields <= Fields::kMaxFields);
  stream_->set_receiver(this);
  if (connected) stream_->start_reading();
  arm_timer();
}

bool BackendConnection::is_move(State from, State to) {
  switch (from) {
    case State::connecting:
      return to == State::ready || to == State::awaiting_head || to == State::broken;
    case State::ready:
      return to == State::awaiting_head || to == State::broken;
    case State::awaiting_head:
      return to == State::reading_body || to == State::broken;
    case State::reading_body:
      return to == State::ready || to == State::broken;
    case State::broken:
      return false;
  }
  return false;
}

void BackendConnection::set_state(State next) {
  ROOST_CHECK(is_move(state_, next));
  state_ = next;
}

// ---- the request ----------------------------------------------------------------------------------------------------

RequestStream& BackendConnection::begin(const RequestStart& request, std::span<const Slice> body,
                                        ResponseReceiver* receiver) {
  ROOST_CHECK(receiver_ == nullptr && receiver != nullptr);
  ROOST_CHECK(reusable() || state_ == State::connecting || state_ == State::broken);
  receiver_ = receiver;
  ++exchange_count_;
  if (state_ == State::broken) {  // since it was made, or its last request ended: reported at the next turn
    deadline_.wake();
    return *this;
  }
  received_ = {};
  if (request.timeouts != nullptr) {
    limits_.head_timeout_ms = request.timeouts->head_ms;
    limits_.body_idle_timeout_ms = request.timeouts->body_idle_ms;
  }
  head_only_ = request.head_only;
  reader_.reset();
  const Framing framing = outgoing_framing(request.body);
  HeadBuilder head(scratch().text, request.method.size() + request.target.size() + request.fields.bytes().size() +
                                       request.more_fields.bytes().size());
  head.put(request.method);
  head.put(" ");
  head.put(request.target);
  head.put(" HTTP/1.1\r\n");
  head.put(request.fields);
  head.put(request.more_fields);
  head.put_framing(framing);
  head.put("\r\n");
  writer_.start(framing);
  request_sent_ = writer_.complete();
  if (state_ == State::ready) set_state(State::awaiting_head);
  write(head.text(), body, false);
  return *this;
}

bool BackendConnection::write(std::string_view head, std::span<const Slice> pieces, bool last,
                              FieldBlockView trailers) {
  const size_t queued = stream_->queued_bytes();
  const bool behind = queued_at_most_ > 0 && queued > 0;
  const bool go_on = writer_.write(*stream_, head, pieces, last, trailers);
  request_sent_ = request_sent_ || last || writer_.complete();
  if (behind) {
    queued_at_most_ += std::max(stream_->queued_bytes(), queued) - queued;
  } else {
    arm_timer();
  }
  return go_on;
}

bool BackendConnection::send_body(std::span<const Slice> pieces) {
  if (state_ == State::broken || receiver_ == nullptr) return true;
  return write({}, pieces, false);
}

void BackendConnection::end_body(FieldBlockView trailers) {
  if (state_ == State::broken || receiver_ == nullptr || request_sent_) return;
  ROOST_CHECK(writer_.chunked());
  write({}, {}, true, trailers);
}

void BackendConnection::on_connected() {
  connected_ = true;
  stream_->start_reading();
  set_state(receiver_ != nullptr ? State::awaiting_head : State::ready);
  arm_timer();
  if (owner_ != nullptr) owner_->on_connection_open(*this);
  if (receiver_ != nullptr && !request_sent_) receiver_->on_backend_writable();
}

void BackendConnection::on_drained() {
  if (receiver_ == nullptr) return;
  arm_timer();
  if (!request_sent_) receiver_->on_backend_writable();
}

// ---- the response ---------------------------------------------------------------------------------------------------

void BackendConnection::pause() {
  if (state_ == State::broken || receiver_ == nullptr || paused_) return;
  paused_ = true;
  stream_->stop_reading();
  arm_timer();
}

void BackendConnection::resume() {
  if (state_ == State::broken || !paused_) return;
  paused_ = false;
  if (connected_) stream_->start_reading();
  arm_timer();
  if (!pending_.empty()) deadline_.wake();
}

void BackendConnection::on_data(std::string_view bytes) {
  // Bytes that belong to no request: the next response could not be told from them.
  if (receiver_ == nullptr) return fail_exchange("bytes without a request");
  received_.any_byte = true;
  if (pending_.empty()) {
    pending_.append(consume(bytes));
  } else {
    pending_.append(bytes);
    if (!paused_) process_pending();
  }
}

void BackendConnection::process_pending() {
  std::string bytes = std::move(pending_);
  pending_ = std::string();
  const size_t left = consume(bytes).size();
  if (left == 0) return;
  bytes.erase(0, bytes.size() - left);
  pending_ = std::move(bytes);
}

// Takes from `bytes` until they are used up or must wait; returns what must wait. The owner may retire this connection,
// or begin the next exchange, inside each event.
std::string_view BackendConnection::consume(std::string_view bytes) {
  const uint32_t exchange = exchange_count_;
  while (!bytes.empty() && !paused_) {
    const bool more = state_ == State::awaiting_head ? consume_head(bytes) : consume_body(bytes);
    if (receiver_ == nullptr || exchange_count_ != exchange) return {};
    if (!more) break;
  }
  return bytes;
}

bool BackendConnection::consume_head(std::string_view& bytes) {
  const HeadReader::Reading reading =
      reader_.read_response(bytes.substr(0, limits_.max_head_bytes), limits_.max_fields, head_only_, scratch().head);
  switch (reading.verdict) {
    case HeadReader::Verdict::complete:
      break;
    case HeadReader::Verdict::incomplete:
      if (bytes.size() >= limits_.max_head_bytes) fail_exchange("the response's head is over the limit");
      return false;
    case HeadReader::Verdict::refused:
      fail_exchange(fmt::format("malformed response head: {}", reading.refusal.why));
      return false;
  }
  bytes.remove_prefix(reading.head_bytes);
  reader_.reset();
  return take_head(reading.facts, !bytes.empty());
}

bool BackendConnection::take_head(const HeadFacts& facts, bool more_bytes) {
  const ResponseHead& head = scratch().head;
  if (head.status < 200) {
    if (head.status != 101 && ++received_.informational <= kMaxInformational) {
      const uint32_t exchange = exchange_count_;
      if (head.status != 100) receiver_->on_informational(head);
      return receiver_ != nullptr && exchange_count_ == exchange;
    }
    fail_exchange(head.status == 101 ? "an upgrade nobody asked for" : "too many informational responses");
    return false;
  }
  received_.head = true;
  keep_alive_ = facts.keep_alive;
  set_state(State::reading_body);
  decoder_.start(facts.framing);
  arm_timer();
  const uint32_t exchange = exchange_count_;
  receiver_->on_response_head(head);
  if (receiver_ == nullptr || exchange_count_ != exchange) return false;
  // A response without a body ends here, also when no byte follows.
  std::string_view none;
  if (decoder_.next(none) != BodyDecoder::Event::end) return true;
  finish(more_bytes);
  return false;
}

bool BackendConnection::consume_body(std::string_view& bytes) {
  switch (decoder_.next(bytes)) {
    case BodyDecoder::Event::need_more:
      return false;
    case BodyDecoder::Event::content:
      arm_timer();
      receiver_->on_response_body(decoder_.content());
      if (receiver_ == nullptr) return false;
      if (!bytes.empty() || decoder_.next(bytes) != BodyDecoder::Event::end) return true;
      [[fallthrough]];
    case BodyDecoder::Event::end:
      finish(!bytes.empty());
      return false;
    case BodyDecoder::Event::malformed:
      fail_exchange("malformed chunked body");
      return false;
  }
  return false;
}

void BackendConnection::finish(bool bytes_left) {
  ResponseReceiver* receiver = std::exchange(receiver_, nullptr);
  set_state(State::ready);
  // The answer came before the whole request had gone out: the backend does not want the rest. And with bytes behind
  // the response there is no telling what belongs to what.
  if (!request_sent_ || stream_->queued_bytes() > 0 || bytes_left) keep_alive_ = false;
  if (paused_) stream_->start_reading();
  paused_ = false;
  arm_timer();
  if (owner_ != nullptr) owner_->on_request_ended(*this);
  receiver->on_response_end();
}

// ---- the end --------------------------------------------------------------------------------------------------------

void BackendConnection::on_end() {
  if (receiver_ == nullptr) return fail_exchange("closed while idle");
  const uint32_t exchange = exchange_count_;
  if (input_waits()) process_pending();
  if (receiver_ == nullptr || exchange_count_ != exchange) return;
  if (state_ == State::reading_body && decoder_.ends_with_connection()) {
    keep_alive_ = false;
    return finish(false);
  }
  fail_exchange(received_.head ? "closed in the middle of the response" : "closed before it answered", true);
}

void BackendConnection::on_error(const Error& error) {
  fail_exchange(error.what, true, error.code);
}

void BackendConnection::on_retired() {
  receiver_ = nullptr;
  owner_ = nullptr;
  if (state_ != State::broken) set_state(State::broken);
  deadline_.stop();
  stream_.reset();
}

void BackendConnection::cancel() {
  ConnectionOwner* owner = owner_;
  on_retired();
  if (owner != nullptr) owner->on_connection_closed(*this);
}

// Ends the connection, and with it the request on it, if there is one.
void BackendConnection::fail_exchange(const std::string& what, bool retryable, int code) {
  Progress progress = Progress::nothing_back;
  if (!connected_) progress = Progress::not_connected;
  if (received_.any_byte) progress = Progress::head_received;
  ResponseReceiver* receiver = receiver_;
  ConnectionOwner* owner = owner_;
  on_retired();
  const Side side = net::is_local_error(code) ? Side::internal : Side::backend;
  const Error error{fmt::format("backend {}: {}", backend_.to_string(), what), side, retryable, code};
  if (owner != nullptr) connected_ ? owner->on_connection_closed(*this) : owner->on_connect_failed(*this, error);
  if (receiver == nullptr) return;
  receiver->on_exchange_failed(error, progress);
}

// ---- time -----------------------------------------------------------------------------------------------------------

// One deadline for whatever is awaited just now. That of connecting runs from the beginning, whatever is begun
// meanwhile.
void BackendConnection::arm_timer() {
  queued_at_most_ = 0;
  switch (state_) {
    case State::connecting:
      if (exchange_count_ == 0) deadline_.set_ms(limits_.connect_timeout_ms);
      return;
    case State::awaiting_head:
      if (paused_) break;
      queued_at_most_ = stream_->queued_bytes();
      if (queued_at_most_ > 0) return deadline_.set_ms(limits_.write_timeout_ms);
      if (!request_sent_) break;  // the client's turn, and its time-out
      return deadline_.set_ms(limits_.head_timeout_ms);
    case State::reading_body:
      if (paused_) break;
      return deadline_.set_ms(limits_.body_idle_timeout_ms);
    case State::ready:
    case State::broken:
      break;
  }
  deadline_.clear();
}

void BackendConnection::on_timeout() {
  if (state_ == State::broken) {
    if (receiver_ != nullptr) {
      connected_ = received_.any_byte = false;
      fail_exchange("the connection had closed", true);
    }
    return;
  }
  if (input_waits()) {
    process_pending();
    if (state_ == State::broken) return;
  }
  if (!deadline_.over()) return;
  if (queued_at_most_ > stream_->queued_bytes()) return arm_timer();  // it is slow, not gone
  if (state_ == State::connecting) return fail_exchange("connecting timed out", true, ETIMEDOUT);
  const bool begun = state_ == State::reading_body;
  fail_exchange(begun ? "timed out in the middle of the response" : "timed out before it answered", false, ETIMEDOUT);
}

std::unique_ptr<ClientConnection> ClientConnection::connect(net::EventLoop& loop, const net::Address& backend,
                                                            const ClientLimits& limits) {
  return over_connecting(loop, net::TcpStream::connect(loop, backend), backend, limits);
}

std::unique_ptr<ClientConnection> ClientConnection::over_connecting(net::EventLoop& loop, net::StreamPtr stream,
                                                                    const net::Address& backend,
                                                                    const ClientLimits& limits) {
  return std::make_unique<BackendConnection>(loop, std::move(stream), backend, limits, false);
}

std::unique_ptr<ClientConnection> ClientConnection::over(net::EventLoop& loop, net::StreamPtr stream,
                                                         const ClientLimits& limits) {
  const net::Address backend = stream->peer();
  return std::make_unique<BackendConnection>(loop, std::move(stream), backend, limits, true);
}

}  // namespace roost::http
