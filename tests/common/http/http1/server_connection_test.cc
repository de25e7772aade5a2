#include <doctest/doctest.h>

#include "common/http/server.h"
#include "tests/common/http/http1/server_fixture.h"

using namespace roost::http;
using roost::Slice;
using Answer = ServerFixture::Answer;

namespace {
const std::string kGet = "GET /x?y=1 HTTP/1.1\r\nHost: Example\r\n\r\n";
}

TEST_CASE("requests follow one another on one connection") {
  ServerFixture f;
  f.memory_.feed(kGet);
  CHECK_EQ(f.sent(), kOkReply);
  f.memory_.feed_slowly(kGet);
  CHECK_EQ(f.sent(), kOkReply);
  CHECK_EQ(f.requests_, std::vector<std::string>(2, "GET Example /x?y=1"));
  CHECK_FALSE(f.closed());
}

TEST_CASE("pipelined requests are answered in order") {
  ServerFixture f;
  f.memory_.feed(kGet + kGet + kGet);
  CHECK_EQ(f.sent(), std::string(kOkReply) + std::string(kOkReply) + std::string(kOkReply));
}

TEST_CASE("a pipelined request waits until the one before has its answer") {
  ServerFixture f;
  f.answer_ = Answer::never;
  f.memory_.feed(kGet + kGet);
  CHECK_EQ(f.requests_.size(), 1);
  f.reply();
  f.turn();
  f.turn();
  CHECK_EQ(f.requests_.size(), 2);
  f.reply("second");
  CHECK(f.sent().ends_with("second"));
}

TEST_CASE("bodies arrive in both framings") {
  for (const bool slowly : {false, true}) {
    for (const std::string& framed :
         {std::string("Content-Length: 11\r\n\r\nhello world"),
          std::string("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nT: x\r\n\r\n")}) {
      ServerFixture f;
      f.answer_ = Answer::at_end;
      const std::string request = "POST / HTTP/1.1\r\nHost: a\r\n" + framed + kGet;
      if (slowly) {
        f.memory_.feed_slowly(request);
      } else {
        f.memory_.feed(request);
      }
      f.turn();
      CHECK_EQ(f.body_, "hello world");
      CHECK_EQ(f.ends_, 2);
      CHECK_EQ(f.requests_.size(), 2);
      CHECK_EQ(f.sent(), std::string(kOkReply) + std::string(kOkReply));
    }
  }
}

TEST_CASE("an answer before the body has come leaves the connection usable when the rest is small") {
  ServerFixture f;
  f.memory_.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhel");
  CHECK_EQ(f.sent(), kOkReply);
  f.memory_.feed("lo worl" + kGet);
  CHECK_EQ(f.sent(), kOkReply);
  CHECK_EQ(f.requests_.size(), 2);
}

TEST_CASE("an answer before a large body has come closes") {
  ServerFixture f;
  f.memory_.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nhel");
  CHECK(f.sent().find("Connection: close\r\n") != std::string::npos);
  f.memory_.feed_end();
  CHECK(f.closed());
}

TEST_CASE("100 Continue is said when somebody wants the body") {
  ServerFixture f;
  f.answer_ = Answer::at_end;
  f.memory_.feed("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK_EQ(f.sent(), "HTTP/1.1 100 Continue\r\n\r\n");
  f.memory_.feed("hi");
  CHECK_EQ(f.sent(), kOkReply);
}

TEST_CASE("100 Continue is not said when the answer is there already, and the body then may never come") {
  ServerFixture f;
  f.memory_.feed("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK_EQ(f.sent(), "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  CHECK(f.memory_.shut_down());
}

TEST_CASE("a body of unknown length is chunked, or ends with an HTTP/1.0 connection") {
  auto run = [](const std::string& request) {
    ServerFixture f;
    f.answer_ = Answer::never;
    f.memory_.feed(request);
    const Slice one(std::string_view("hello")), two(std::string_view(" world"));
    f.responder_->send_head({.status = 200, .fields = {}, .more_fields = {}, .body = BodyLength::unknown()}, {&one, 1});
    f.responder_->send_body({&two, 1});
    f.responder_->end();
    return f.sent();
  };
  CHECK_EQ(run(kGet), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
  CHECK_EQ(run("GET / HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world");
  CHECK_EQ(run("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

TEST_CASE("trailers end a chunked body, and are left out where HTTP/1 has no place for them") {
  auto run = [](const std::string& request, BodyLength length) {
    ServerFixture f;
    f.answer_ = Answer::never;
    f.memory_.feed(request);
    const Slice one(std::string_view("hello"));
    f.responder_->send_head({.status = 200, .fields = {}, .more_fields = {}, .body = length}, {&one, 1});
    const FieldBlock trailers{{"Digest", "d"}, {"X", "y"}};
    f.responder_->end(trailers);
    const std::string sent = f.sent();
    return sent.substr(sent.find("\r\n\r\n") + 4);
  };
  CHECK_EQ(run(kGet, BodyLength::unknown()), "5\r\nhello\r\n0\r\nDigest: d\r\nX: y\r\n\r\n");
  CHECK_EQ(run(kGet, BodyLength::known(5)), "hello");
  CHECK_EQ(run("GET / HTTP/1.0\r\n\r\n", BodyLength::unknown()), "hello");
}

TEST_CASE("requests have the scheme of their connection, whatever their target says") {
  for (const char* scheme : {"http", "https"}) {
    ServerFixture f;
    roost::net::MemoryStream other;
    f.server_.adopt(other.attach(), scheme);
    other.feed("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_EQ(f.scheme_, scheme);
    CHECK_EQ(f.requests_.back(), "GET b /");
    f.memory_.feed(kGet);
    CHECK_EQ(f.scheme_, "http");
    f.server_.drain();
    other.feed_end();
  }
}

TEST_CASE("HEAD, 204 and 304 have no body") {
  ServerFixture f;
  f.memory_.feed("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_EQ(f.sent(), "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\r\n");
  f.answer_ = Answer::never;
  for (const int status : {204, 304}) {
    f.memory_.feed(kGet);
    f.responder_->respond({.status = status, .fields = {}, .more_fields = {}, .body = BodyLength::none()}, {});
    CHECK(f.sent().find("Content-Length") == std::string::npos);
  }
}

TEST_CASE("a connection is closed when it says so") {
  for (const char* head : {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    ServerFixture f;
    f.memory_.feed(head);
    CHECK(f.sent().find("Connection: close\r\n") != std::string::npos);
    f.memory_.feed_end();
    CHECK(f.closed());
  }
  ServerFixture f;
  f.memory_.feed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(f.sent().find("Connection: keep-alive\r\n") != std::string::npos);
  CHECK_FALSE(f.closed());
}

TEST_CASE("a body that breaks off costs the connection, so that the client sees it") {
  ServerFixture f;
  f.answer_ = Answer::never;
  f.memory_.feed(kGet);
  f.responder_->send_head({.status = 200, .fields = {}, .more_fields = {}, .body = BodyLength::known(10)}, {});
  f.responder_->end();
  CHECK(f.closed());
}

TEST_CASE("a client that has sent FIN still gets its answer") {
  ServerFixture f;
  f.answer_ = Answer::never;
  f.memory_.feed(kGet);
  f.memory_.feed_end();
  CHECK_FALSE(f.closed());
  f.reply();
  CHECK(f.sent().ends_with("ok"));
  f.turn();
  CHECK(f.closed());
}

TEST_CASE("a client that goes is noticed at every stage") {
  for (const std::string& so_far : {std::string(""), std::string("GET /"), kGet,
                                    std::string("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhel")}) {
    ServerFixture f;
    f.answer_ = Answer::never;
    f.memory_.feed(so_far);
    f.memory_.feed_error();
    CHECK(f.closed());
    CHECK_EQ(f.gone_.empty(), f.requests_.empty());
  }
}

TEST_CASE("time-outs") {
  SUBCASE("an idle connection is closed without a word") {
    ServerFixture f;
    f.memory_.feed(kGet);
    f.sent();
    f.advance_ms(59'000);
    CHECK_FALSE(f.closed());
    f.advance_ms(1'100);
    CHECK(f.closed());
    CHECK_EQ(f.sent(), "");
  }
  SUBCASE("a slow head is answered 408, however its bytes drip") {
    ServerFixture f;
    f.memory_.feed("GET / HT");
    f.advance_ms(6'000);
    f.memory_.feed("TP");
    f.advance_ms(4'100);
    CHECK_EQ(f.refused_status_, 408);
  }
  SUBCASE("a body may be slow as long as it comes") {
    ServerFixture f;
    f.answer_ = Answer::at_end;
    f.memory_.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n");
    for (const char* byte : {"a", "b"}) {
      f.advance_ms(29'000);
      f.memory_.feed(byte);
    }
    CHECK_EQ(f.gone_, "");
    f.advance_ms(30'100);
    CHECK_EQ(f.statuses(), std::vector<int>{408});
    CHECK_EQ(f.gone_, "the body took too long");
  }
  SUBCASE("a client that does not take its answer is given up") {
    ServerFixture f;
    f.answer_ = Answer::never;
    f.memory_.feed(kGet);
    f.memory_.block_writes();
    const std::string big(300 * 1024, 'x');
    const Slice piece{std::string_view(big)};
    f.responder_->send_head({.status = 200, .fields = {}, .more_fields = {}, .body = BodyLength::unknown()}, {});
    CHECK_FALSE(f.responder_->send_body({&piece, 1}));
    f.advance_ms(30'100);
    CHECK(f.closed());
    CHECK_FALSE(f.gone_.empty());
  }
}

TEST_CASE("a writer that was told to wait is told to go on") {
  ServerFixture f;
  f.answer_ = Answer::never;
  f.memory_.feed(kGet);
  f.memory_.block_writes();
  const std::string big(300 * 1024, 'x');
  const Slice piece{std::string_view(big)};
  f.responder_->send_head({.status = 200, .fields = {}, .more_fields = {}, .body = BodyLength::known(big.size() + 2)},
                          {});
  CHECK_FALSE(f.responder_->send_body({&piece, 1}));
  f.memory_.drain();
  CHECK_EQ(f.writable_, 1);
  const Slice rest(std::string_view("ok"));
  f.responder_->send_body({&rest, 1});
  f.responder_->end();
  CHECK(f.sent().ends_with("ok"));
  CHECK_FALSE(f.closed());
}

TEST_CASE("draining closes idle connections at once and busy ones behind their answer") {
  ServerFixture idle;
  idle.memory_.feed(kGet);
  idle.server_.drain();
  CHECK(idle.closed());
  ServerFixture busy;
  busy.answer_ = Answer::never;
  busy.memory_.feed(kGet);
  busy.server_.drain();
  CHECK_FALSE(busy.closed());
  busy.reply();
  CHECK(busy.sent().find("Connection: close") != std::string::npos);
}

TEST_CASE("draining may give idle connections time for a request that is on its way") {
  ServerFixture used;
  used.memory_.feed(kGet);
  used.sent();
  used.server_.drain(500);
  CHECK_FALSE(used.closed());
  used.advance_ms(400);
  used.memory_.feed(kGet);
  CHECK(used.sent().find("Connection: close") != std::string::npos);
  CHECK_EQ(used.requests_.size(), 2);
  ServerFixture idle;
  idle.memory_.feed(kGet);
  idle.server_.drain(500);
  idle.advance_ms(400);
  CHECK_FALSE(idle.closed());
  idle.advance_ms(200);
  CHECK(idle.closed());
}

TEST_CASE("an answer before the end of a chunked upload says that it is the last") {
  ServerFixture f;
  f.memory_.feed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  CHECK(f.sent().find("Connection: close\r\n") != std::string::npos);
  f.memory_.feed("0\r\n\r\n" + kGet);
  CHECK_EQ(f.requests_.size(), 1);
}

TEST_CASE("informational responses go out before the final one, but not to HTTP/1.0") {
  auto run = [](const std::string& request) {
    ServerFixture f;
    f.answer_ = Answer::never;
    f.memory_.feed(request);
    const FieldBlock link{{"Link", "</a>"}};
    f.responder_->send_head({.status = 103, .fields = link, .more_fields = {}, .body = {}});
    f.responder_->send_head({.status = 102, .fields = {}, .more_fields = {}, .body = {}});
    f.reply();
    return f.sent();
  };
  CHECK_EQ(run(kGet),
           "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + std::string(kOkReply));
  CHECK(run("GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_CASE("a body that ends with the connection is reset when it is broken off") {
  for (const bool old : {true, false}) {
    ServerFixture f;
    f.answer_ = Answer::never;
    f.memory_.feed(old ? "GET / HTTP/1.0\r\n\r\n" : kGet);
    const Slice piece(std::string_view("half"));
    f.responder_->send_head({.status = 200, .fields = {}, .more_fields = {}, .body = BodyLength::unknown()},
                            {&piece, 1});
    CHECK_EQ(f.responder_->body_bytes_sent(), 4);
    f.responder_->abort();
    CHECK_EQ(f.memory_.was_reset(), old);
  }
}

TEST_CASE("a refusal tells what could be read of the request") {
  auto line = [](const std::string& bytes) {
    ServerFixture f;
    f.memory_.feed(bytes);
    f.advance_ms(10'100);
    CHECK(f.sent().find("Connection: close\r\n") != std::string::npos);
    return std::to_string(f.refused_status_) + " " + f.refused_line_ + (f.refused_has_head_ ? " whole" : "");
  };
  const std::string big(20'000, 'x');
  CHECK_EQ(line("GET /a?b HTTP/1.1\r\n\r\n"), "400 GET /a?b");
  CHECK_EQ(line("PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n"), "413 PUT /a whole");
  CHECK_EQ(line("GET /a HTTP/1.1\r\nHost: a\r\nX: " + big), "431 GET /a");
  CHECK_EQ(line("GET /" + big), "414 GET /" + big.substr(0, 1023));
  CHECK_EQ(line("GET /slow HTTP/1.1\r\nHo"), "408 GET /slow");
  CHECK_EQ(line("\x16\x03\x01 hello"), "400  ");
}

TEST_CASE("an absolute form without a path has the path /") {
  ServerFixture f;
  f.memory_.feed("GET http://b?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_EQ(f.requests_.back(), "GET b /?x=1");
  f.memory_.feed("GET http://b HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_EQ(f.requests_.back(), "GET b /");
}

TEST_CASE("whoever has answered at once may hear how that ends") {
  struct Late final : RequestReceiver {
    void on_request_body(std::string_view) override {}
    void on_request_end() override {}
    void on_client_writable() override { ++taken; }
    void on_client_gone(const roost::Error&) override { ++gone; }
    int taken = 0, gone = 0;
  };
  const std::string big(300 * 1024, 'x');
  for (const bool closes : {false, true}) {
    for (const bool takes : {false, true}) {
      ServerFixture f;
      Late late;
      f.answer_ = Answer::never;
      f.memory_.feed(closes ? "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" : kGet);
      f.reply("small");
      CHECK_FALSE(f.responder_->attach(&late));
      if (closes) continue;
      f.memory_.feed(kGet);
      f.memory_.block_writes();
      f.reply(big);
      CHECK(f.responder_->attach(&late));
      takes ? f.memory_.drain() : f.memory_.feed_error();
      CHECK_EQ(late.taken, takes ? 1 : 0);
      CHECK_EQ(late.gone, takes ? 0 : 1);
    }
  }
}
