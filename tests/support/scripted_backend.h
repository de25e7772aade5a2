#pragma once

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/check.h"
#include "proxy/upstream/connector.h"
#include "tests/support/memory_stream.h"

namespace roost::proxy {

/// A whole response with a Content-Length. `fields`: further field lines, each ending in CRLF.
inline std::string response(int status, std::string_view body, std::string_view fields = {}) {
  return "HTTP/1.1 " + std::to_string(status) + " Status\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// A backend in memory that speaks HTTP/1.1 on as many connections as are opened to it. It reads requests whole, keeps
/// them, and does with each what the script says: the queued steps in order, then `otherwise` for all that follow.
///
///     backend.answer(response(503, ""));     // the first request
///     backend.close();                       // the second: the connection closes without a byte
///     backend.hold();                        // the third: nothing, until the test calls send()
///
/// Everything happens in MemoryNetwork::run(), never inside a call of the code under test.
class ScriptedBackend {
 public:
  struct Request {
    std::string method;
    std::string target;
    std::string head;  ///< request line and fields, without the empty line
    std::string body;  ///< decoded
    size_t connection = 0;
  };
  enum class Accepts {
    yes,
    refuses,
    ignores,           ///< connecting to it never ends
    fails_here,        ///< no descriptor is left to connect with
    refuses_requests,  ///< connections are made, but requests on them fail as "not processed" (see RefusingConnection)
  };

  explicit ScriptedBackend(net::Address address) : address_(std::move(address)) {}

  const net::Address& address() const { return address_; }
  void accept(Accepts accepts) { accepts_ = accepts; }

  // ---- the script ---------------------------------------------------------------------------------------------------

  /// Sends `bytes`, as one read.
  ScriptedBackend& answer(std::string bytes) { return add({std::move(bytes), After::keep}); }
  /// The same, then closes its end (FIN).
  ScriptedBackend& answer_and_close(std::string bytes) { return add({std::move(bytes), After::close}); }
  /// Closes without a byte of a response.
  ScriptedBackend& close() { return add({{}, After::close}); }
  /// Resets the connection.
  ScriptedBackend& reset() { return add({{}, After::reset}); }
  /// Answers nothing by itself.
  ScriptedBackend& hold() { return add({{}, After::keep}); }
  /// Forgets the steps that are queued.
  ScriptedBackend& clear() {
    steps_.clear();
    return *this;
  }
  std::string otherwise = response(200, "ok");

  // ---- what it has seen, and its connections by hand
  // ------------------------------------------------------------------

  const std::vector<Request>& requests() const { return requests_; }
  /// Requests that were refused as "not processed".
  size_t refused_count() const { return refused_count_; }
  /// Connections asked for so far, those that were refused or have closed included.
  size_t connection_count() const { return connections_.size(); }
  size_t open_count() const {
    return static_cast<size_t>(
        std::count_if(connections_.begin(), connections_.end(), [](const auto& one) { return !one->stream.closed(); }));
  }
  net::MemoryStream& connection(size_t index) { return connections_.at(index)->stream; }
  net::MemoryStream& last_connection() { return connections_.back()->stream; }
  /// Answers on the connection of the last request.
  void send(std::string_view bytes) { connection(requests_.back().connection).feed(bytes); }

 private:
  friend class MemoryNetwork;
  enum class After { keep, close, reset };
  struct Step {
    std::string bytes;
    After after;
  };
  struct Connection {
    explicit Connection(const net::Address& address) : stream(address) {}
    net::MemoryStream stream;
    size_t read = 0;  // bytes of stream.sent() that belong to whole requests
    bool decided = false;
    bool open = false;
  };

  ScriptedBackend& add(Step step) {
    steps_.push_back(std::move(step));
    return *this;
  }
  net::StreamPtr connect() {
    const failing_memory::Calm calm;
    connections_.push_back(std::make_unique<Connection>(address_));
    return connections_.back()->stream.attach();
  }
  /// Whether anything happened.
  bool run_connection(size_t index) {
    const failing_memory::Calm calm;
    Connection& connection = *connections_[index];
    if (connection.stream.closed()) return false;
    if (!connection.decided && accepts_ != Accepts::ignores) {
      connection.decided = true;
      connection.open = accepts_ == Accepts::yes;
      if (connection.open) {
        connection.stream.feed_connected();
      } else if (accepts_ == Accepts::fails_here) {
        connection.stream.feed_error({"too many open files", Side::internal, true, EMFILE});
      } else {
        connection.stream.feed_error({"connection refused", Side::internal, true, ECONNREFUSED});
      }
      return true;
    }
    if (!connection.open) return false;
    connection.stream.pump();
    if (connection.stream.closed() || !read_request(index)) return false;
    run_step(connection.stream);
    return true;
  }
  void run_step(net::MemoryStream& stream) {
    Step step{otherwise, After::keep};
    if (!steps_.empty()) {
      step = std::move(steps_.front());
      steps_.pop_front();
    }
    stream.feed(step.bytes);
    if (stream.closed()) return;
    if (step.after == After::close) stream.feed_end();
    if (step.after == After::reset) stream.feed_error();
  }
  bool read_request(size_t index) {
    Connection& connection = *connections_[index];
    const std::string_view bytes = std::string_view(connection.stream.sent()).substr(connection.read);
    const size_t head_end = bytes.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return false;
    Request request;
    request.head = bytes.substr(0, head_end);
    request.connection = index;
    const size_t space = request.head.find(' ');
    request.method = request.head.substr(0, space);
    request.target = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
    std::string_view rest = bytes.substr(head_end + 4);
    if (!read_body(request, rest)) return false;
    connection.read = connection.stream.sent().size() - rest.size();
    requests_.push_back(std::move(request));
    return true;
  }
  /// Takes the body from `rest` when it is whole.
  static bool read_body(Request& request, std::string_view& rest) {
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    if (request.head.find("\r\nTransfer-Encoding: chunked") != std::string::npos) return read_chunks(request, rest);
    const size_t at = request.head.find(kLength);
    const size_t length = at == std::string::npos ? 0 : std::stoul(request.head.substr(at + kLength.size()));
    if (rest.size() < length) return false;
    request.body = rest.substr(0, length);
    rest.remove_prefix(length);
    return true;
  }
  static bool read_chunks(Request& request, std::string_view& rest) {
    std::string_view left = rest;
    for (;;) {
      const size_t line_end = left.find("\r\n");
      if (line_end == std::string_view::npos) return false;
      const size_t size = std::stoul(std::string(left.substr(0, line_end)), nullptr, 16);
      left.remove_prefix(line_end + 2);
      if (left.size() < size + 2) return false;
      request.body += left.substr(0, size);
      left.remove_prefix(size + 2);
      if (size > 0) continue;
      rest = left;
      return true;
    }
  }

  net::Address address_;
  Accepts accepts_ = Accepts::yes;
  size_t refused_count_ = 0;
  std::deque<Step> steps_;
  std::vector<Request> requests_;
  std::vector<std::unique_ptr<Connection>> connections_;
};

/// A connection on which every request fails with Progress::refused at the next turn, and which stays open: what HTTP/2
/// makes of REFUSED_STREAM.
class RefusingConnection final : public http::ClientConnection, private http::RequestStream {
 public:
  RefusingConnection(net::EventLoop& loop, const net::Address& backend, size_t& refused_count)
      : backend_(backend),
        refused_count_(refused_count),
        timer_(net::Timer::of<&RefusingConnection::refuse>(loop.timers(), this)) {}

  http::RequestStream& begin(const http::RequestStart&, std::span<const Slice>,
                             http::ResponseReceiver* receiver) override {
    receiver_ = receiver;
    ++exchange_count_;
    timer_.start_ms(0);
    return *this;
  }
  bool reusable() const override { return receiver_ == nullptr; }
  void set_owner(http::ConnectionOwner* owner) override { owner_ = owner; }
  uint32_t exchange_count() const override { return exchange_count_; }
  const net::Address& backend() const override { return backend_; }
  void on_retired() override { timer_.stop(); }

 private:
  bool connected() const override { return true; }
  bool send_body(std::span<const Slice>) override { return true; }
  void end_body(http::FieldBlockView) override {}
  void pause() override {}
  void resume() override {}
  void cancel() override { owner_->on_connection_closed(*this); }
  void refuse() {
    ++refused_count_;
    http::ResponseReceiver* receiver = std::exchange(receiver_, nullptr);
    if (exchange_count_ == 1) owner_->on_connection_open(*this);
    owner_->on_request_ended(*this);
    receiver->on_exchange_failed({"the request was refused", Side::backend, true, 0}, http::Progress::refused);
  }

  net::Address backend_;
  size_t& refused_count_;
  net::Timer timer_;
  http::ConnectionOwner* owner_ = nullptr;
  http::ResponseReceiver* receiver_ = nullptr;
  uint32_t exchange_count_ = 0;
};

/// The Connector of tests: connects to the scripted backends that listen on it; other addresses refuse. Outlives every
/// connection.
class MemoryNetwork final : public Connector {
 public:
  explicit MemoryNetwork(net::EventLoop& loop) : loop_(loop) {}

  /// A backend at `address` ("10.0.0.1:80") from now on.
  ScriptedBackend& listen(std::string_view address) {
    backends_.push_back(std::make_unique<ScriptedBackend>(*net::Address::parse(std::string(address))));
    return *backends_.back();
  }
  /// Turns the loop and lets the backends act until nothing moves any more. Time stands still.
  void run() {
    int turns = 0;
    for (int quiet = 0; quiet < 2; ++quiet) {
      ROOST_CHECK(++turns < kMaxTurns);
      loop_.run_once(false);
      const int64_t next_ms = loop_.timers().next_wakeup_ms();
      if (run_backends() || (next_ms >= 0 && next_ms <= loop_.now_ms())) quiet = -1;
    }
  }

  std::unique_ptr<http::ClientConnection> connect(const net::Address& address,
                                                  const http::ClientLimits& limits) override {
    const auto found = std::find_if(backends_.begin(), backends_.end(),
                                    [&](const auto& backend) { return backend->address() == address; });
    ScriptedBackend& backend = found != backends_.end() ? **found : listen(address.to_string());
    if (found == backends_.end()) backend.accept(ScriptedBackend::Accepts::refuses);
    if (backend.accepts_ == ScriptedBackend::Accepts::refuses_requests) {
      return std::make_unique<RefusingConnection>(loop_, address, backend.refused_count_);
    }
    return http::ClientConnection::over_connecting(loop_, backend.connect(), address, limits);
  }

 private:
  static constexpr int kMaxTurns = 10'000;  // more are an endless loop

  /// Whether anything happened. What happens may open connections.
  bool run_backends() {
    bool moved = false;
    for (size_t i = 0; i < backends_.size(); ++i) {
      for (size_t at = 0; at < backends_[i]->connections_.size(); ++at) moved |= backends_[i]->run_connection(at);
    }
    return moved;
  }

  net::EventLoop& loop_;
  std::vector<std::unique_ptr<ScriptedBackend>> backends_;
};

}  // namespace roost::proxy
