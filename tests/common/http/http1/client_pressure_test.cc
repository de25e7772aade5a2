// Backends that are slow, cut their bytes anyhow or send too much, and owners that end things inside events.

#include <cerrno>
#include <functional>
#include <memory>
#include <string>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "common/http/http1/client_connection.h"
#include "tests/support/field_text.h"
#include "tests/support/memory_stream.h"

namespace roost::http {
namespace {

struct Owner final : ResponseReceiver, ConnectionOwner {
  explicit Owner(const ClientLimits& limits = {}, bool connected = true) {
    connection = std::make_unique<BackendConnection>(loop, memory.attach(), net::Address(), limits, connected);
  }
  void start(BodyLength length = {}, bool head_only = false) {
    connection->begin({.method = "POST",
                       .target = "/",
                       .fields = fields_of("Host: h\r\n"),
                       .more_fields = {},
                       .body = length,
                       .head_only = head_only},
                      {}, this);
  }
  void note(const char* event) {
    events += event;
    events += ' ';
    if (retire_at == event) loop.retire(std::move(connection));
  }
  void on_response_head(const ResponseHead& head) override {
    status = head.status;
    note("head");
    if (pause_at_head) connection->pause();
  }
  void on_response_body(std::string_view bytes) override {
    body.append(bytes);
    if (events.ends_with("body ")) return;  // noted once, however it was cut
    note("body");
  }
  void on_response_end() override {
    note("end");
    if (again && connection != nullptr && connection->reusable()) {
      again = false;
      start();
    }
  }
  void on_backend_writable() override { note("writable"); }
  void on_exchange_failed(const Error& why, Progress how_far) override {
    error = why;
    progress = how_far;
    note("failed");
  }
  void on_connection_open(ClientConnection&) override { note_owned("open"); }
  void on_request_ended(ClientConnection&) override { note_owned("request-ended"); }
  void on_connection_closed(ClientConnection& closed) override {
    CHECK_EQ(&closed, connection.get());
    note_owned("closed");
  }
  void on_connect_failed(ClientConnection&, const Error&) override { note_owned("connect-failed"); }
  /// Events of the owner are noted only where a test has asked for them.
  void note_owned(const char* event) {
    if (owns) note(event);
  }
  void own() {
    owns = true;
    connection->set_owner(this);
  }
  void pass_ms(int64_t ms) { loop.timers().advance_to_ms(loop.now_ms() + ms); }

  net::EventLoop loop;
  net::MemoryStream memory;
  std::unique_ptr<BackendConnection> connection;
  std::string events;
  std::string retire_at;
  std::string body;
  Error error;
  Progress progress = Progress::not_connected;
  int status = 0;
  bool pause_at_head = false;
  bool again = false;
  bool owns = false;
};

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

TEST_CASE("how bytes are cut into reads changes nothing") {
  const std::string responses[] = {
      kHello,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n",
      "HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 204\r\n\r\n",
      "HTTP/1.0 200 OK\r\n\r\nto the end",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n",
      "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
      "HTTP/1.1 2000 OK\r\n\r\n",
      "HTTP/1.1 099 OK\r\n\r\n",
      "HTTP/1.1 20x OK\r\n\r\n",
      "HTTP/1.1  200 OK\r\n\r\n",
      "HTTP/2.0 200 OK\r\n\r\n",
      "HTTP/1.1 200 O\x01K\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\rA: b\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\n\r\n",
  };
  for (const std::string& response : responses) {
    CAPTURE(response);
    auto outcome = [&](size_t split) {
      Owner o;
      o.start();
      o.memory.feed(response.substr(0, split));
      if (!o.memory.closed()) o.memory.feed(response.substr(split));
      if (!o.memory.closed() && !o.connection->reusable()) o.memory.feed_end();
      return fmt::format("{}|{}|{}|{}|{}", o.events, o.status, o.body, o.error.what, o.connection->reusable());
    };
    const std::string whole = outcome(response.size());
    CHECK((whole.find("end |") != std::string::npos) != (whole.find("failed |") != std::string::npos));
    for (size_t split = 1; split < response.size(); ++split) CHECK_EQ(outcome(split), whole);
  }
}

TEST_CASE("retired inside an event, none follows") {
  for (const std::string event : {"head", "body", "end", "request-ended", "failed", "closed"}) {
    CAPTURE(event);
    Owner o;
    o.own();
    o.retire_at = event;
    o.start();
    if (event == "failed") {
      o.memory.feed("nonsense\r\n\r\n");
    } else {
      o.memory.feed(kHello);
      if (!o.memory.closed()) o.memory.feed_end();
    }
    // The request's own end follows what its connection's owner is told of the same.
    CHECK(o.events.ends_with(event == "request-ended" ? "request-ended end " : event + " "));
    CHECK_EQ(o.connection.get(), nullptr);
    CHECK(o.memory.closed());
    o.loop.run_once(false);
  }
}

TEST_CASE("destroyed at any time between events, none follows") {
  const std::string response = kHello;
  for (size_t fed = 0; fed <= response.size(); ++fed) {
    Owner o;
    o.start();
    o.memory.feed(response.substr(0, fed));
    const std::string before = o.events;
    o.connection.reset();
    o.memory.feed_error();
    o.pass_ms(100'000);
    CHECK_EQ(o.events, before);
    CHECK(o.memory.closed());
  }
}

TEST_CASE("the next exchange may begin inside the end of the one before") {
  Owner o;
  o.again = true;
  o.start();
  o.memory.feed(kHello);
  CHECK_EQ(o.connection->exchange_count(), 2);
  o.memory.feed(kHello);
  CHECK_EQ(o.body, "hellohello");
  CHECK_EQ(o.events, "head body end head body end ");
}

TEST_CASE("what came with the head of a paused response comes at the turn after resuming") {
  Owner o;
  o.pause_at_head = true;
  o.start();
  SUBCASE("of known length") {
    o.memory.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
    CHECK_FALSE(o.memory.reading());
    o.pass_ms(600'000);
    CHECK_EQ(o.events, "head ");
    o.connection->resume();
    CHECK_EQ(o.events, "head ");
    o.pass_ms(0);
    CHECK_EQ(o.body, "hel");
    o.memory.feed("lo");
  }
  SUBCASE("that ends with the connection, whose end is there first") {
    o.memory.feed("HTTP/1.1 200 OK\r\n\r\nhello");
    o.connection->resume();
    o.memory.feed_end();
  }
  CHECK_EQ(o.body, "hello");
  CHECK(o.events.ends_with("end "));
}

TEST_CASE("connecting") {
  Owner o({}, /*connected=*/false);
  SUBCASE("bytes of a request wait for it") {
    o.start();
    o.pass_ms(1'900);
    o.memory.feed_connected();
    o.pass_ms(59'000);
    o.memory.feed(kHello);
    CHECK_EQ(o.events, "head body end ");
  }
  SUBCASE("takes too long, counted from its beginning") {
    o.pass_ms(1'000);
    o.start();
    o.pass_ms(1'100);
    CHECK_EQ(o.events, "failed ");
    CHECK_EQ(o.progress, Progress::not_connected);
    CHECK_EQ(o.error.code, ETIMEDOUT);
    CHECK(o.error.retryable);
  }
  SUBCASE("is refused") {
    o.start();
    o.memory.feed_error();
    CHECK_EQ(o.progress, Progress::not_connected);
    CHECK(o.error.retryable);
  }
  SUBCASE("fails before there was a request: told at the turn after one was begun") {
    o.memory.feed_error();
    o.start();
    CHECK_EQ(o.events, "");
    o.pass_ms(0);
    CHECK_EQ(o.events, "failed ");
    CHECK_EQ(o.progress, Progress::not_connected);
  }
}

TEST_CASE("informational responses are bounded") {
  for (const int count : {8, 9}) {
    Owner o;
    o.start();
    for (int i = 0; i < count && !o.memory.closed(); ++i) o.memory.feed("HTTP/1.1 100 Continue\r\n\r\n");
    if (!o.memory.closed()) o.memory.feed(kHello);
    CHECK_EQ(o.events, count == 8 ? "head body end " : "failed ");
  }
}

TEST_CASE("fields are bounded") {
  ClientLimits limits;
  limits.max_fields = 2;
  for (const int count : {2, 3}) {
    Owner o(limits);
    o.start();
    std::string head = "HTTP/1.1 204 No Content\r\n";
    for (int i = 0; i < count; ++i) head += "A: b\r\n";
    o.memory.feed(head + "\r\n");
    CHECK_EQ(o.events, count == 2 ? "head end " : "failed ");
  }
}

TEST_CASE("a backend that does not take the request") {
  Owner o;
  o.start(BodyLength::known(20));
  o.memory.block_writes();
  const Slice piece(std::string_view("0123456789"));
  CHECK_FALSE(o.connection->send_body({&piece, 1}));
  SUBCASE("is given up, though more was queued meanwhile") {
    o.pass_ms(20'000);
    o.connection->send_body({&piece, 1});
    o.pass_ms(10'100);
    CHECK_EQ(o.events, "failed ");
    CHECK_EQ(o.error.code, ETIMEDOUT);
    CHECK_EQ(o.progress, Progress::nothing_back);
  }
  SUBCASE("and then does, is written on to, and answers in its own time") {
    o.memory.drain();
    CHECK_EQ(o.events, "writable ");
    o.pass_ms(600'000);  // the client's turn
    o.connection->send_body({&piece, 1});
    o.pass_ms(59'000);
    CHECK_EQ(o.events, "writable ");
    o.pass_ms(1'100);
    CHECK_EQ(o.events, "writable failed ");
  }
  SUBCASE("may answer all the same, and is not used again") {
    o.memory.feed(kHello);
    CHECK_EQ(o.events, "head body end ");
    CHECK_FALSE(o.connection->reusable());
  }
}

}  // namespace
}  // namespace roost::http
