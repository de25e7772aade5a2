// Clients that do not read, do not stop sending, or go; and owners that end things inside events.

#include <memory>

#include <doctest/doctest.h>

#include "common/http/http1/server_connection.h"
#include "tests/common/http/http1/server_fixture.h"

namespace roost::http {
namespace {

using Answer = ServerFixture::Answer;

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kPost = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n";
const std::string kChunkedPost = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(size_t bytes) {
  char size[16];
  std::snprintf(size, sizeof(size), "%zx\r\n", bytes);
  return size + std::string(bytes, 'x') + "\r\n";
}

TEST_CASE("who pipelines without reading gets no further request until the queue has gone") {
  ServerFixture f;
  f.memory_.block_writes();
  f.feed(kGet + kGet);
  CHECK_EQ(f.requests_.size(), 1);
  f.advance_ms(1'000);
  CHECK_EQ(f.requests_.size(), 1);
  f.memory_.drain();
  f.advance_ms(0);
  CHECK_EQ(f.requests_.size(), 2);
  CHECK_EQ(f.statuses(), std::vector<int>{200, 200});
}

TEST_CASE("who does not read at all is given up, whatever it was doing") {
  ServerFixture f;
  f.memory_.block_writes();
  f.feed(kGet + kGet);
  f.advance_ms(29'900);
  CHECK_FALSE(f.closed());
  f.advance_ms(200);
  CHECK(f.closed());
}

TEST_CASE("a last answer is not cut off while the client takes it slowly") {
  ServerFixture f;
  f.memory_.block_writes();
  f.feed("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(f.memory_.shut_down());
  f.advance_ms(20'000);
  CHECK_FALSE(f.closed());
  f.memory_.drain();
  CHECK(f.memory_.sent().ends_with("ok"));
  f.advance_ms(10'100);
  CHECK_FALSE(f.closed());  // it has taken something, so it has time again: now to close as well
  f.advance_ms(2'100);
  CHECK(f.closed());
}

TEST_CASE("bytes behind a request under way are read up to a bound") {
  ServerLimits limits;
  limits.max_head_bytes = 1000;
  ServerFixture f(limits);
  f.answer_ = Answer::never;
  f.feed(kGet);
  std::string pipelined;
  while (pipelined.size() < 999) pipelined += kGet;
  REQUIRE_EQ(pipelined.size(), 999);
  f.feed(pipelined);
  CHECK(f.memory_.reading());
  f.feed("G");
  CHECK_FALSE(f.memory_.reading());
  f.answer_ = Answer::at_once;
  f.reply();
  f.feed("ET / HTTP/1.1\r\nHost: a\r\n\r\n");
  f.memory_.pump();
  CHECK(f.memory_.reading());
  CHECK_EQ(f.requests_.size(), 2 + pipelined.size() / kGet.size());
}

TEST_CASE("a paused body waits without a time-out and goes on at the next turn") {
  ServerFixture f;
  f.answer_ = Answer::at_end;
  f.on_attached_ = [&f] { f.responder_->pause_body(); };
  f.feed(kPost + "hel");
  CHECK_EQ(f.body_, "");
  CHECK_FALSE(f.memory_.reading());
  f.advance_ms(600'000);
  CHECK_EQ(f.gone_, "");
  f.responder_->resume_body();
  CHECK_EQ(f.body_, "");  // not from inside the call
  CHECK(f.memory_.reading() == false);
  f.advance_ms(0);
  CHECK_EQ(f.body_, "hel");
  f.feed("lo!");
  CHECK_EQ(f.body_, "hello!");
  CHECK_EQ(f.statuses(), std::vector<int>{200});
}

TEST_CASE("a body goes on also when a response was begun behind resuming it") {
  ServerFixture f;
  f.answer_ = Answer::never;
  f.on_attached_ = [&f] { f.responder_->pause_body(); };
  f.feed(kPost + "hel");
  f.responder_->resume_body();
  f.responder_->send_head({.status = 200, .fields = {}, .more_fields = {}, .body = BodyLength::unknown()});
  f.advance_ms(0);
  CHECK_EQ(f.body_, "hel");
}

TEST_CASE("100 Continue waits for a paused body to be wanted") {
  ServerFixture f;
  f.answer_ = Answer::at_end;
  f.on_attached_ = [&f] { f.responder_->pause_body(); };
  f.feed("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK_EQ(f.sent(), "");
  f.responder_->resume_body();
  CHECK_EQ(f.sent(), "HTTP/1.1 100 Continue\r\n\r\n");
  f.feed("hi");
  CHECK_EQ(f.sent(), kOkReply);
}

TEST_CASE("the rest of a body nobody wants is dropped up to a bound") {
  SUBCASE("at it") {
    ServerFixture f;
    f.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n" + std::string(64 * 1024, 'x') + kGet);
    CHECK_EQ(f.statuses(), std::vector<int>{200, 200});
  }
  SUBCASE("over it") {
    ServerFixture f;
    f.feed(kChunkedPost + chunk(64 * 1024 + 1) + "0\r\n\r\n" + kGet);
    CHECK_EQ(f.statuses(), std::vector<int>{200});
    CHECK(f.memory_.shut_down());
    CHECK_FALSE(f.closed());  // what has been answered arrives
  }
  SUBCASE("malformed") {
    ServerFixture f;
    f.feed(kChunkedPost + "zz");
    CHECK_EQ(f.statuses(), std::vector<int>{200});
    CHECK(f.memory_.shut_down());
  }
  SUBCASE("not coming") {
    ServerFixture f;
    f.feed(kChunkedPost + "5\r\n");
    f.advance_ms(30'100);
    CHECK(f.memory_.shut_down());
    f.advance_ms(2'100);
    CHECK(f.closed());
  }
}

TEST_CASE("behind a refusal bytes are dropped up to a bound, and for a while") {
  ServerFixture f;
  f.feed("nonsense\r\n\r\n");
  CHECK_EQ(f.statuses(), std::vector<int>{400});
  SUBCASE("bytes") {
    f.feed(std::string(256 * 1024, 'x'));
    CHECK_FALSE(f.closed());
    f.feed("x");
    CHECK(f.closed());
  }
  SUBCASE("time") {
    f.advance_ms(1'900);
    CHECK_FALSE(f.closed());
    f.advance_ms(200);
    CHECK(f.closed());
  }
  SUBCASE("the client's end") {
    f.memory_.feed_end();
    CHECK(f.closed());
  }
}

TEST_CASE("a client that sent several requests and FIN gets all its answers") {
  for (const Answer how : {Answer::at_once, Answer::never}) {
    ServerFixture f;
    f.answer_ = how;
    f.memory_.feed(kGet + kGet);
    f.memory_.feed_end();
    if (how == Answer::never) {
      f.reply();
      f.advance_ms(0);
      CHECK_EQ(f.requests_.size(), 2);
      f.reply();
    }
    f.advance_ms(0);
    CHECK_EQ(f.statuses(), std::vector<int>{200, 200});
    CHECK(f.closed());
  }
}

TEST_CASE("FIN in the middle of a body is the client's going") {
  ServerFixture f;
  f.answer_ = Answer::at_end;
  f.feed(kPost + "hel");
  f.memory_.feed_end();
  CHECK_EQ(f.gone_, "the client closed in the middle of the request's body");
  CHECK(f.closed());
}

TEST_CASE("a response given up in the middle closes at once") {
  ServerFixture f;
  f.answer_ = Answer::never;
  f.feed(kGet);
  const Slice piece(std::string_view("hello"));
  f.responder_->send_head({.status = 200, .fields = {}, .more_fields = {}, .body = BodyLength::unknown()}, {&piece, 1});
  f.responder_->abort();
  CHECK(f.closed());
  CHECK_FALSE(f.memory_.sent().ends_with("0\r\n\r\n"));
  f.responder_->send_body({&piece, 1});  // whoever has not noticed yet does no harm
  f.responder_->end();
  CHECK_EQ(f.gone_, "");
}

TEST_CASE("draining lets a head that has begun be answered, and nothing behind it") {
  ServerFixture f;
  f.feed("GET / HT");
  f.server_.drain();
  CHECK_FALSE(f.closed());
  f.feed("TP/1.1\r\nHost: a\r\n\r\n");
  CHECK_EQ(f.statuses(), std::vector<int>{200});
  CHECK_NE(f.sent().find("Connection: close"), std::string::npos);
  f.feed(kGet);
  CHECK_EQ(f.requests_.size(), 1);
}

// An acceptor and receiver that destroys the server in the event it is told to.
struct Destroyer final : RequestAcceptor, RequestReceiver {
  enum class Where { request, body, end, writable, gone, refused, none };
  explicit Destroyer(Where place) : where(place), server(std::make_unique<Server>(loop, ServerLimits{}, *this)) {
    server->adopt(memory.attach());
  }
  void here(Where place) {
    if (place == where) server.reset();
  }
  void on_request(Responder& way, const RequestHead& head) override {
    responder = &way;
    way.attach(this);
    if (head.target == "/big") {
      const std::string big(300'000, 'x');
      const Slice piece{std::string_view(big)};
      way.send_head({.status = 200, .fields = {}, .more_fields = {}, .body = BodyLength::unknown()}, {&piece, 1});
    }
    here(Where::request);
  }
  void on_refused(Responder&, const RefusedRequest&) override { here(Where::refused); }
  void on_request_body(std::string_view) override { here(Where::body); }
  void on_request_end() override { here(Where::end); }
  void on_client_writable() override { here(Where::writable); }
  void on_client_gone(const Error&) override { here(Where::gone); }

  net::EventLoop loop;
  net::MemoryStream memory;
  Where where;
  Responder* responder = nullptr;
  std::unique_ptr<Server> server;
};

TEST_CASE("the server may be destroyed inside any event") {
  using Where = Destroyer::Where;
  const std::string big = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::pair<Where, std::string> stories[] = {
      {Where::request, kGet + kGet},
      {Where::body, kPost + "hello!" + kGet},
      {Where::end, kPost + "hello!" + kGet},
      {Where::end, kGet + kGet},
      {Where::writable, big + kGet},
      {Where::gone, kChunkedPost + "zz"},
      {Where::gone, kPost},
      {Where::refused, "nonsense\r\n\r\n"},
      {Where::body, kChunkedPost + "3\r\nabc\r\n"},
  };
  for (const auto& [where, bytes] : stories) {
    Destroyer d(where);
    if (where == Where::writable) d.memory.block_writes();
    d.memory.feed(bytes);
    if (where == Where::writable) d.memory.drain();
    if (where == Where::gone && !d.memory.closed()) d.memory.feed_error();
    CHECK_EQ(d.server.get(), nullptr);
    CHECK(d.memory.closed());
    d.loop.run_once(false);
  }
}

TEST_CASE("a connection that is idle holds no more than this") {
  // With the stream's own bytes below the promise of 0.6 KiB per idle connection.
  CHECK_LE(sizeof(ServerConnection), 264);
}

}  // namespace
}  // namespace roost::http
