#include <string>

#include <doctest/doctest.h>

#include "common/http/client.h"
#include "tests/support/field_text.h"
#include "tests/support/memory_stream.h"

using namespace roost::http;
using roost::Error;
using roost::Slice;

namespace {

struct Backend final : ResponseReceiver, ConnectionOwner {
  explicit Backend(const ClientLimits& bounds = {}) : limits(bounds) {
    loop.run_once(false);
    connection = ClientConnection::over(loop, memory.attach(), limits);
  }
  void start(std::string_view method = "GET", BodyLength length = {}, std::string_view content = {}) {
    const Slice piece(content);
    stream = &connection->begin({.method = method,
                                 .target = "/a",
                                 .fields = fields_of("Host: h\r\n"),
                                 .more_fields = {},
                                 .body = length,
                                 .head_only = method == "HEAD"},
                                {&piece, 1}, this);
  }
  void on_response_head(const ResponseHead& head) override { status = head.status; }
  void on_response_body(std::string_view bytes) override { body += bytes; }
  void on_response_end() override { ++ends; }
  void on_backend_writable() override { ++writable; }
  void on_exchange_failed(const Error& error, Progress how_far) override {
    failure = error.what;
    progress = how_far;
    CHECK_EQ(error.side, roost::Side::backend);
  }
  void on_connection_open(ClientConnection&) override {}
  void on_request_ended(ClientConnection&) override { ++requests_ended; }
  void on_connection_closed(ClientConnection&) override { ++closed; }
  void on_connect_failed(ClientConnection&, const Error&) override {}

  roost::net::EventLoop loop;
  roost::net::MemoryStream memory;
  ClientLimits limits;
  std::unique_ptr<ClientConnection> connection;
  RequestStream* stream = nullptr;
  int status = 0, ends = 0, writable = 0, requests_ended = 0, closed = 0;
  std::string body, failure;
  Progress progress = Progress::not_connected;
};

}  // namespace

TEST_CASE("one exchange after another") {
  Backend b;
  for (const bool slowly : {false, true}) {
    b.body.clear();
    b.start();
    CHECK_EQ(b.memory.take_sent(), "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    if (slowly) {
      b.memory.feed_slowly(response);
    } else {
      b.memory.feed(response);
    }
    CHECK_EQ(b.body, "hello");
    CHECK(b.connection->reusable());
  }
  CHECK_EQ(b.ends, 2);
  CHECK_EQ(b.connection->exchange_count(), 2);
}

TEST_CASE("every framing of a response") {
  struct Case {
    const char* response;
    const char* body;
    bool reusable;
    bool closes;
  };
  const Case cases[] = {
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello", true, false},
      {"HTTP/1.1 204 No Content\r\n\r\n", "", true, false},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "", true, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", "hi", false, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi", false, false},
      {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end", false, true},
      {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi", true, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n", "hi", false, false},
  };
  for (const Case& one : cases) {
    for (const bool slowly : {false, true}) {
      CAPTURE(one.response);
      Backend b;
      b.start();
      if (slowly) {
        b.memory.feed_slowly(one.response);
      } else {
        b.memory.feed(one.response);
      }
      if (one.closes) b.memory.feed_end();
      CHECK_EQ(b.body, one.body);
      CHECK_EQ(b.ends, 1);
      CHECK_EQ(b.connection->reusable(), one.reusable);
    }
  }
}

TEST_CASE("an answer to HEAD has no body whatever it says") {
  Backend b;
  b.start("HEAD");
  b.memory.feed("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
  CHECK_EQ(b.ends, 1);
  CHECK(b.connection->reusable());
}

TEST_CASE("bodies go out in both framings") {
  Backend b;
  b.start("POST", BodyLength::known(5), "he");
  const Slice rest(std::string_view("llo"));
  b.stream->send_body({&rest, 1});
  b.stream->end_body();
  CHECK_EQ(b.memory.take_sent(), "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
  b.memory.feed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  b.start("POST", BodyLength::unknown());
  b.stream->send_body({&rest, 1});
  b.stream->end_body();
  CHECK(b.memory.take_sent().ends_with("Transfer-Encoding: chunked\r\n\r\n3\r\nllo\r\n0\r\n\r\n"));
}

TEST_CASE("trailers go out behind a body of unknown length") {
  Backend b;
  b.start("POST", BodyLength::unknown(), "he");
  const FieldBlock trailers{{"Digest", "d"}};
  b.stream->end_body(trailers);
  CHECK(b.memory.take_sent().ends_with("2\r\nhe\r\n0\r\nDigest: d\r\n\r\n"));
}

TEST_CASE("an answer before the request is whole ends the reuse") {
  Backend b;
  b.start("POST", BodyLength::known(5), "he");
  b.memory.feed("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
  CHECK_EQ(b.status, 413);
  CHECK_EQ(b.ends, 1);
  CHECK_FALSE(b.connection->reusable());
}

TEST_CASE("failures say how far the exchange had come") {
  SUBCASE("closed without a byte") {
    Backend b;
    b.start();
    b.memory.feed_end();
    CHECK_EQ(b.progress, Progress::nothing_back);
    CHECK_EQ(b.failure, "backend none: closed before it answered");
  }
  SUBCASE("broken in the middle of the head") {
    Backend b;
    b.start();
    b.memory.feed("HTTP/1.1 2");
    b.memory.feed_error();
    CHECK_EQ(b.progress, Progress::head_received);
  }
  SUBCASE("cut off in the middle of the body") {
    Backend b;
    b.start();
    b.memory.feed("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel");
    b.memory.feed_end();
    CHECK_EQ(b.progress, Progress::head_received);
    CHECK_EQ(b.ends, 0);
  }
}

TEST_CASE("a backend that does not keep to the rules is refused") {
  const char* responses[] = {"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                             "HTTP/1.1 101 Switching\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
                             "nonsense\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n"};
  for (const char* response : responses) {
    CAPTURE(response);
    Backend b;
    b.start();
    b.memory.feed(response);
    CHECK_FALSE(b.failure.empty());
    CHECK_EQ(b.ends, 0);
  }
}

TEST_CASE("a head over the limit is a failure, one at the limit is not") {
  ClientLimits limits;
  limits.max_head_bytes = 100;
  for (const size_t extra : {0U, 1U}) {
    Backend b(limits);
    b.start();
    std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";
    head.append(100 + extra - head.size() - 4, 'x');
    b.memory.feed(head + "\r\n\r\n");
    CHECK_EQ(b.ends, extra == 0 ? 1 : 0);
    CHECK_EQ(b.failure.empty(), extra == 0);
  }
}

TEST_CASE("time-outs") {
  auto advance = [](Backend& b, int64_t by_ms) { b.loop.timers().advance_to_ms(b.loop.timers().now_ms() + by_ms); };
  Backend b;
  b.start();
  advance(b, 59'000);
  CHECK(b.failure.empty());
  SUBCASE("no answer") {
    advance(b, 1'100);
    CHECK(b.failure.ends_with("timed out before it answered"));
  }
  SUBCASE("a body that stops") {
    b.memory.feed("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel");
    advance(b, 59'000);
    CHECK(b.failure.empty());
    advance(b, 1'100);
    CHECK(b.failure.ends_with("timed out in the middle of the response"));
  }
  SUBCASE("not while paused") {
    b.memory.feed("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel");
    b.stream->pause();
    advance(b, 600'000);
    CHECK(b.failure.empty());
    b.stream->resume();
    b.memory.feed("lo");
    CHECK_EQ(b.body, "hello");
  }
}

TEST_CASE("an idle connection tells its owner when it ends") {
  for (const bool by_bytes : {false, true}) {
    Backend b;
    b.connection->set_owner(&b);
    b.start();
    b.memory.feed("HTTP/1.1 204 No Content\r\n\r\n");
    CHECK_EQ(b.requests_ended, 1);
    if (by_bytes) {
      b.memory.feed("what?");
    } else {
      b.memory.feed_end();
    }
    CHECK_EQ(b.closed, 1);
    CHECK_FALSE(b.connection->reusable());
  }
}
