#include "common/http/client_connection.h"

#include <fmt/core.h>

#include "common/base/check.h"
#include "common/http/body_decoder.h"
#include "common/http/connection_parts.h"
#include "common/http/head_parser.h"
#include "common/http/head_scanner.h"
#include "common/net/tcp_stream.h"
#include "common/net/timer.h"

namespace roost::http {
namespace {

constexpr int kMaxInformational = 8;  // 1xx responses before one final response

// What the connections of one thread share while they parse and write: an idle connection holds no buffer.
struct Scratch {
  ResponseHead head;
  std::string text;
};
Scratch& scratch() {
  thread_local Scratch shared;
  return shared;
}

/// The machine of one connection to a backend.
///
///   state          meaning                                       leaves for
///   connecting     no exchange begun, or its bytes wait          ready, reading_head (an exchange was begun), broken
///   ready          between exchanges, or idle in a pool          reading_head, broken
///   reading_head   a request goes out, its response is awaited   reading_body, ready, broken
///   reading_body   the response's body is coming                 ready, broken
///   broken         the stream is gone                            –
class Connection final : public ClientConnection, private net::StreamReceiver {
 public:
  Connection(net::EventLoop& loop, net::StreamPtr stream, const net::Address& backend, const ClientLimits& limits,
             bool connected)
      : limits_(limits),
        backend_(backend),
        stream_(std::move(stream)),
        timer_(net::Timer::of<&Connection::on_timeout>(loop.timers(), this)),
        state_(connected ? State::ready : State::connecting),
        connected_(connected) {
    stream_->set_receiver(this);
    if (connected) {
      stream_->start_reading();
    } else {
      timer_.start_ms(limits_.connect_timeout_ms);
    }
  }

  void start(const RequestStart& request, std::span<const Slice> body, ResponseReceiver* receiver) override;
  bool send_body(std::span<const Slice> pieces) override;
  void end_body() override;
  void pause() override;
  void resume() override;
  bool reusable() const override { return state_ == State::ready && keep_alive_ && request_sent_; }
  void set_idle(IdleObserver* observer) override {
    idle_observer_ = observer;
    timer_.stop();
  }
  uint32_t exchange_count() const override { return exchange_count_; }
  const net::Address& backend() const override { return backend_; }

 private:
  enum class State : uint8_t { connecting, ready, reading_head, reading_body, broken };

  void on_connected() override;
  void on_data(std::string_view bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_error(const Error& error) override;
  void on_timeout();

  void process(std::string_view bytes);
  bool process_head(std::string_view& bytes);
  bool process_body(std::string_view& bytes);
  void finish(bool bytes_left);
  void fail_exchange(std::string what, bool retryable = false);
  void arm_timer();

  const ClientLimits& limits_;
  net::Address backend_;
  net::StreamPtr stream_;
  net::Timer timer_;
  ResponseReceiver* receiver_ = nullptr;
  IdleObserver* idle_observer_ = nullptr;
  std::string pending_;  // a head that is not whole yet, or what came while paused
  HeadScanner scanner_;
  BodyDecoder decoder_;
  BodyWriter writer_;
  size_t queued_before_ = 0;
  uint32_t exchange_count_ = 0;
  State state_;
  bool connected_;
  bool request_sent_ = true;  // the request's body is whole
  bool head_received_ = false;
  bool any_byte_back_ = false;
  bool head_only_ = false;
  bool keep_alive_ = true;
  bool paused_ = false;
  uint8_t informational_ = 0;
};

void Connection::start(const RequestStart& request, std::span<const Slice> body, ResponseReceiver* receiver) {
  ROOST_CHECK(receiver_ == nullptr &&
              (state_ == State::ready || state_ == State::connecting || state_ == State::broken));
  receiver_ = receiver;
  idle_observer_ = nullptr;
  ++exchange_count_;
  head_received_ = any_byte_back_ = paused_ = false;
  informational_ = 0;
  keep_alive_ = true;
  head_only_ = request.head_only;
  scanner_.reset();
  std::string& out = scratch().text;
  out.assign(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
  out.append(request.fields).append(request.more_fields);
  append_framing(out, request.body);
  out.append("\r\n");
  writer_.start(request.body);
  if (state_ == State::broken) {
    timer_.start_ms(0);  // it broke between being taken and being used: the failure is told at the next turn
    return;
  }
  if (state_ == State::ready) state_ = State::reading_head;
  writer_.write(*stream_, out, body, false);
  request_sent_ = writer_.complete();
  arm_timer();
}

bool Connection::send_body(std::span<const Slice> pieces) {
  if (state_ == State::broken || receiver_ == nullptr) return true;
  const bool go_on = writer_.write(*stream_, {}, pieces, false);
  if (writer_.complete()) request_sent_ = true;
  arm_timer();
  return go_on;
}

void Connection::end_body() {
  if (state_ == State::broken || receiver_ == nullptr) return;
  if (writer_.chunked()) writer_.write(*stream_, {}, {}, true);
  ROOST_CHECK(writer_.complete() || writer_.chunked());
  request_sent_ = true;
  arm_timer();
}

void Connection::on_connected() {
  connected_ = true;
  stream_->start_reading();
  if (state_ != State::connecting) return;
  state_ = receiver_ != nullptr ? State::reading_head : State::ready;
  arm_timer();
}

void Connection::pause() {
  if (state_ == State::broken || paused_) return;
  paused_ = true;
  stream_->stop_reading();
  timer_.stop();
}

void Connection::resume() {
  if (state_ == State::broken || !paused_) return;
  paused_ = false;
  stream_->start_reading();
  if (pending_.empty()) {
    arm_timer();
  } else {
    timer_.start_ms(0);
  }
}

void Connection::on_data(std::string_view bytes) {
  if (receiver_ == nullptr) {
    // Bytes nobody asked for: whatever they are, the next response could not be told from them.
    return on_error(Error{"bytes without a request", Side::backend, false, 0});
  }
  any_byte_back_ = true;
  if (pending_.empty()) return process(bytes);
  pending_.append(bytes);
  const std::string whole = std::move(pending_);
  pending_.clear();
  process(whole);
}

// The receiver may destroy this connection in its last event only by retiring it, so that members can be looked at
// behind each call.
void Connection::process(std::string_view bytes) {
  const uint32_t exchange = exchange_count_;  // the last event of one may begin the next
  while (!bytes.empty() && receiver_ != nullptr && exchange_count_ == exchange && !paused_) {
    if (!(state_ == State::reading_head ? process_head(bytes) : process_body(bytes))) break;
  }
  const bool unfinished = state_ == State::reading_head || state_ == State::reading_body;
  if (unfinished && exchange_count_ == exchange && !bytes.empty()) pending_.assign(bytes);
}

bool Connection::process_head(std::string_view& bytes) {
  switch (scanner_.scan(bytes.substr(0, limits_.max_head_bytes))) {
    case HeadScanner::Verdict::complete:
      break;
    case HeadScanner::Verdict::incomplete:
      if (bytes.size() >= limits_.max_head_bytes) fail_exchange("the response's head is over the limit");
      return false;
    default:
      fail_exchange("malformed line in the response's head");
      return false;
  }
  const std::string_view head_bytes = bytes.substr(0, scanner_.head_bytes());
  bytes.remove_prefix(head_bytes.size());
  scanner_.reset();
  ResponseHead& head = scratch().head;
  auto parsed = parse_response_head(head_bytes, limits_.max_fields, head_only_, head);
  if (!parsed) {
    fail_exchange("malformed response head: " + parsed.error().what);
    return false;
  }
  if (head.status < 200) {
    if (head.status != 101 && ++informational_ <= kMaxInformational) return true;
    fail_exchange(head.status == 101 ? "an upgrade nobody asked for" : "too many informational responses");
    return false;
  }
  head_received_ = true;
  keep_alive_ = head.keep_alive;
  state_ = State::reading_body;
  decoder_.start(head_only_ || head.status == 204 || head.status == 304 ? BodyLength::none() : head.body);
  arm_timer();
  receiver_->on_response_head(head);
  if (receiver_ == nullptr || state_ != State::reading_body) return false;
  // A response without a body ends here, also when no byte follows.
  std::string_view none;
  if (decoder_.next(none) == BodyDecoder::Event::end) {
    finish(!bytes.empty());
    return false;
  }
  return true;
}

bool Connection::process_body(std::string_view& bytes) {
  switch (decoder_.next(bytes)) {
    case BodyDecoder::Event::need_more:
      return false;
    case BodyDecoder::Event::content:
      arm_timer();
      receiver_->on_response_body(decoder_.content());
      if (receiver_ == nullptr || state_ != State::reading_body) return false;
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

void Connection::finish(bool bytes_left) {
  ResponseReceiver* receiver = receiver_;
  receiver_ = nullptr;
  state_ = State::ready;
  timer_.stop();
  // The answer came before the whole request had gone out: the backend does not want the rest.
  if (!request_sent_ || stream_->queued_bytes() > 0) keep_alive_ = false;
  if (bytes_left) keep_alive_ = false;  // more than one response: no telling what belongs to what
  receiver->on_response_end();
}

void Connection::on_end() {
  if (receiver_ == nullptr) return on_error(Error{"closed by the backend", Side::backend, false, 0});
  if (state_ == State::reading_body && decoder_.ends_with_connection()) {
    keep_alive_ = false;
    return finish(false);
  }
  fail_exchange(head_received_ ? "closed in the middle of the response" : "closed before it answered", true);
}

void Connection::on_drained() {
  if (receiver_ != nullptr && !request_sent_) receiver_->on_backend_writable();
}

void Connection::on_error(const Error& error) {
  if (receiver_ != nullptr) return fail_exchange(error.what, true);
  state_ = State::broken;
  timer_.stop();
  stream_.reset();
  IdleObserver* observer = idle_observer_;
  idle_observer_ = nullptr;
  if (observer != nullptr) observer->on_idle_connection_closed(*this);
}

void Connection::fail_exchange(std::string what, bool retryable) {
  const Progress progress = !connected_      ? Progress::not_connected
                            : any_byte_back_ ? Progress::head_received
                                             : Progress::nothing_back;
  ResponseReceiver* receiver = receiver_;
  receiver_ = nullptr;
  state_ = State::broken;
  timer_.stop();
  stream_.reset();
  receiver->on_exchange_failed(
      Error{fmt::format("backend {}: {}", backend_.to_string(), what), Side::backend, retryable, 0}, progress);
}

// One timer for whatever is awaited just now.
void Connection::arm_timer() {
  if (receiver_ == nullptr || paused_ || state_ == State::broken) return;
  queued_before_ = stream_->queued_bytes();
  if (!connected_) {
    if (!timer_.active()) timer_.start_ms(limits_.connect_timeout_ms);
  } else if (queued_before_ > 0 && state_ == State::reading_head) {
    timer_.start_ms(limits_.write_timeout_ms);
  } else if (!request_sent_ && state_ == State::reading_head) {
    timer_.stop();  // the client's turn, and its time-out
  } else {
    timer_.start_ms(state_ == State::reading_head ? limits_.head_timeout_ms : limits_.body_idle_timeout_ms);
  }
}

void Connection::on_timeout() {
  if (state_ == State::broken) {
    if (receiver_ == nullptr) return;
    ResponseReceiver* receiver = receiver_;
    receiver_ = nullptr;
    receiver->on_exchange_failed(
        Error{fmt::format("backend {}: the connection had closed", backend_.to_string()), Side::backend, true, 0},
        Progress::not_connected);
    return;
  }
  if (!connected_) {
    if (receiver_ == nullptr) return on_error(Error{"connect: timed out", Side::backend, true, 0});
    return fail_exchange("connect: timed out", true);
  }
  if (receiver_ == nullptr) return;
  if (!pending_.empty() && state_ == State::reading_body) {
    const std::string bytes = std::move(pending_);
    pending_.clear();
    arm_timer();
    return process(bytes);
  }
  if (queued_before_ > 0 && state_ == State::reading_head && stream_->queued_bytes() < queued_before_)
    return arm_timer();
  if (queued_before_ > 0 && stream_->queued_bytes() == 0 && state_ == State::reading_head) return arm_timer();
  fail_exchange(state_ == State::reading_head ? "timed out before it answered"
                                              : "timed out in the middle of the response");
}

}  // namespace

std::unique_ptr<ClientConnection> ClientConnection::connect(net::EventLoop& loop, const net::Address& backend,
                                                            const ClientLimits& limits) {
  return std::make_unique<Connection>(loop, net::TcpStream::connect(loop, backend), backend, limits, false);
}

std::unique_ptr<ClientConnection> ClientConnection::over(net::EventLoop& loop, net::StreamPtr stream,
                                                         const ClientLimits& limits) {
  const net::Address backend = stream->peer();
  return std::make_unique<Connection>(loop, std::move(stream), backend, limits, true);
}

}  // namespace roost::http
