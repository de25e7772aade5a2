// Connections that are too many, idle, silent or slow, and what is done about them.

#include <deque>
#include <memory>

#include <doctest/doctest.h>

#include "common/http/http1/server_connection.h"
#include "tests/common/http/http1/server_fixture.h"

namespace roost::http {
namespace {

const std::string kPlainGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// One server with many clients, in driven time.
class ManyClients final : public RequestAcceptor {
 public:
  explicit ManyClients(const ServerLimits& limits = {}) : server_(loop_, limits, *this) { loop_.run_once(false); }

  void on_request(Responder& responder, const RequestHead&) override {
    const Slice body(std::string_view("ok"));
    responder.respond({.status = 200, .fields = {}, .more_fields = {}, .body = BodyLength::known(2)}, {&body, 1});
  }
  void on_refused(Responder&, const RefusedRequest& refused) override { refused_.push_back(refused.status); }
  void on_limit(Limit limit) override { ++limits_[static_cast<size_t>(limit)]; }

  net::MemoryStream& connect() {
    server_.adopt(clients_.emplace_back().attach());
    return clients_.back();
  }
  int count(Limit limit) const { return limits_[static_cast<size_t>(limit)]; }
  void advance_ms(int64_t by_ms) { loop_.timers().advance_to_ms(loop_.timers().now_ms() + by_ms); }

  net::EventLoop loop_;
  std::deque<net::MemoryStream> clients_;
  Server server_;
  std::vector<int> refused_;
  std::array<int, kLimits> limits_{};
};

ServerLimits at_most(size_t connections) {
  ServerLimits limits;
  limits.max_connections = connections;
  return limits;
}

/// A gate of which each verdict is said beforehand.
struct ScriptedGate final : ConnectionGate {
  Verdict admit(const net::Address&) override {
    const Verdict now = verdicts.empty() ? Verdict::admitted : verdicts.front();
    if (!verdicts.empty()) verdicts.pop_front();
    if (now == Verdict::admitted) ++open;
    return now;
  }
  void on_closed(const net::Address&) override { --open; }
  void ask_for_room() override { ++asked; }
  std::deque<Verdict> verdicts;
  int open = 0;
  int asked = 0;
};

using Verdict = ConnectionGate::Verdict;

TEST_CASE("a client that never says a word has a short time-out, one that has spoken a longer one") {
  ServerLimits limits;
  limits.first_request_timeout_ms = 5'000;
  limits.idle_timeout_ms = 20'000;
  ManyClients f(limits);
  f.connect();
  net::MemoryStream& speaking = f.connect();
  speaking.feed(kPlainGet);
  f.advance_ms(4'900);
  CHECK_EQ(f.server_.connection_count(), 2);
  f.advance_ms(200);
  CHECK_EQ(f.server_.connection_count(), 1);
  CHECK(f.clients_[0].sent().empty());
  CHECK_EQ(f.count(Limit::first_request_time), 1);
  f.advance_ms(14'700);
  CHECK_EQ(f.server_.connection_count(), 1);
  f.advance_ms(300);
  CHECK_EQ(f.server_.connection_count(), 0);
  CHECK_EQ(f.count(Limit::first_request_time), 1);
}

TEST_CASE("an empty line before the first request gives no more time for it") {
  ServerLimits limits;
  limits.first_request_timeout_ms = 5'000;
  limits.head_timeout_ms = 5'000;
  ManyClients f(limits);
  net::MemoryStream& client = f.connect();
  client.feed("\r\n");
  f.advance_ms(5'100);
  CHECK(client.closed());
}

TEST_CASE("when full, the longest idle is closed for a new connection") {
  ManyClients f(at_most(3));
  net::MemoryStream& first = f.connect();
  f.advance_ms(5);
  net::MemoryStream& second = f.connect();
  net::MemoryStream& third = f.connect();
  f.advance_ms(50);
  first.feed(kPlainGet);  // it has been waiting less than the others since
  f.advance_ms(Server::kLeastIdleMs);
  net::MemoryStream& fourth = f.connect();
  CHECK(second.closed());
  CHECK_FALSE(first.closed());
  CHECK_FALSE(third.closed());
  fourth.feed(kPlainGet);
  CHECK(fourth.sent().ends_with("ok"));
  CHECK_EQ(f.server_.connection_count(), 3);
  CHECK_EQ(f.count(Limit::made_room), 1);
}

TEST_CASE("who is slow with its head counts as idle, who has just come or is served does not") {
  ManyClients f(at_most(1));
  SUBCASE("a slow head") {
    net::MemoryStream& slow = f.connect();
    slow.feed("GET / HTT");
    f.advance_ms(Server::kLeastIdleMs);
    slow.feed("P");
    f.connect();
    CHECK(slow.closed());
  }
  SUBCASE("just come") {
    net::MemoryStream& young = f.connect();
    f.advance_ms(Server::kLeastIdleMs - 1);
    f.connect();
    CHECK_FALSE(young.closed());
    CHECK_EQ(f.count(Limit::connections), 1);
  }
  SUBCASE("behind in taking its answer") {
    net::MemoryStream& served = f.connect();
    served.block_writes();
    served.feed(kPlainGet);
    f.advance_ms(5'000);
    f.connect();
    CHECK_FALSE(served.closed());
  }
  SUBCASE("waiting for its client to close") {
    net::MemoryStream& ending = f.connect();
    ending.feed("nonsense\r\n\r\n");
    CHECK(ending.shut_down());
    f.advance_ms(Server::kLeastIdleMs);
    f.connect();
    CHECK(ending.closed());
  }
}

TEST_CASE("with nobody idle a new connection is answered 503 and closed, a bounded number of them") {
  ManyClients f(at_most(1));
  net::MemoryStream& only = f.connect();
  for (size_t i = 0; i < Server::kMaxTurnedAway + 2; ++i) f.connect();
  net::MemoryStream& refused = f.clients_[1];
  CHECK(refused.sent().starts_with("HTTP/1.1 503 "));
  CHECK(refused.sent().find("Retry-After: 1\r\n") != std::string::npos);
  CHECK(refused.sent().find("Connection: close\r\n") != std::string::npos);
  CHECK(refused.shut_down());
  refused.feed(kPlainGet);  // dropped: its bytes must not cost it the answer
  CHECK_FALSE(refused.closed());
  CHECK_EQ(f.refused_, std::vector<int>(Server::kMaxTurnedAway, 503));
  CHECK(f.clients_.back().closed());
  CHECK(f.clients_.back().sent().empty());
  CHECK_EQ(f.count(Limit::connections), Server::kMaxTurnedAway + 2);
  only.feed(kPlainGet);
  f.advance_ms(Server::kLeastIdleMs - 1);
  f.connect();
  CHECK_FALSE(refused.closed());  // its end would make no room
  CHECK_FALSE(only.closed());
  f.advance_ms(2'000);
  CHECK(refused.closed());
  CHECK_FALSE(only.closed());
  CHECK_EQ(f.server_.connection_count(), 1);
  f.connect();  // `only` has been idle all the while
  CHECK(only.closed());
}

TEST_CASE("a gate that says full gets room by the longest idle, or is asked for it elsewhere") {
  ScriptedGate gate;
  ManyClients f;
  f.server_.set_gate(gate);
  net::MemoryStream& first = f.connect();
  f.advance_ms(Server::kLeastIdleMs);
  gate.verdicts = {Verdict::full, Verdict::admitted};
  net::MemoryStream& second = f.connect();
  CHECK(first.closed());
  CHECK_EQ(gate.open, 1);
  gate.verdicts = {Verdict::full};
  net::MemoryStream& third = f.connect();
  CHECK_FALSE(second.closed());
  CHECK(third.sent().starts_with("HTTP/1.1 503 "));
  CHECK_EQ(gate.asked, 1);
  CHECK_EQ(gate.open, 1);
  f.advance_ms(2'100);
  CHECK(third.closed());
  CHECK_EQ(gate.open, 1);  // it was not counted
  gate.verdicts = {Verdict::address_full};
  net::MemoryStream& fourth = f.connect();
  CHECK_FALSE(second.closed());
  CHECK(fourth.sent().starts_with("HTTP/1.1 429 "));
  CHECK_EQ(f.count(Limit::connections_of_address), 1);
  second.feed_error();
  CHECK_EQ(gate.open, 0);
}

TEST_CASE("of many connections the idle are found, wherever they are in the list") {
  const size_t count = 5 * Server::kIdleLooks;
  ManyClients f(at_most(count));
  for (size_t i = 0; i < count; ++i) f.connect();
  f.advance_ms(Server::kLeastIdleMs);
  for (size_t i = 0; i < count - 1; ++i) f.clients_[i].feed(kPlainGet);  // all but the last
  size_t attempts = 0;
  while (!f.clients_[count - 1].closed() && attempts < 5) {
    f.connect();
    ++attempts;
  }
  CHECK_EQ(attempts, 5);
  CHECK(f.clients_[count - 1].closed());
}

TEST_CASE("a body that trickles is answered 408 after the grace period, a steady one is not") {
  ServerLimits limits;
  limits.body_rate = {.bytes_per_s = 10, .grace_ms = 10'000};
  ServerFixture f(limits);
  f.answer_ = ServerFixture::Answer::at_end;
  f.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  SUBCASE("a byte a second") {
    f.feed("xx");
    f.feed("x");  // from here on it is measured
    for (int i = 0; i < 9; ++i) {
      f.advance_ms(1'000);
      f.feed("x");
    }
    CHECK(f.statuses().empty());
    f.advance_ms(1'100);
    f.feed("x");
    CHECK_EQ(f.statuses(), std::vector<int>{408});
    CHECK_EQ(f.gone_, "the body comes too slowly");
  }
  SUBCASE("just enough") {
    for (int i = 0; i < 100; ++i) {
      f.advance_ms(1'000);
      f.feed("xxxxxxxxxx");
    }
    CHECK_EQ(f.statuses(), std::vector<int>{200});
  }
  SUBCASE("time in which the body was paused does not count") {
    f.feed("x");
    f.feed("x");
    f.responder_->pause_body();
    f.advance_ms(60'000);
    f.responder_->resume_body();
    f.feed("x");
    f.advance_ms(9'000);
    f.feed("x");
    CHECK(f.statuses().empty());
    f.advance_ms(1'100);
    f.feed("x");
    CHECK_EQ(f.statuses(), std::vector<int>{408});
  }
}

TEST_CASE("a body nobody wants may not trickle for ever either") {
  ServerLimits limits;
  limits.body_rate = {.bytes_per_s = 10, .grace_ms = 10'000};
  ServerFixture f(limits);  // answers at once
  f.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  REQUIRE_EQ(f.statuses(), std::vector<int>{200});
  for (int i = 0; i < 12; ++i) {
    CHECK_FALSE(f.memory_.shut_down());
    f.feed("x");
    f.advance_ms(1'000);
  }
  CHECK(f.memory_.shut_down());
  CHECK_EQ(f.statuses(), std::vector<int>{200});
}

TEST_CASE("the last request a connection may have is answered with its end") {
  ServerLimits limits;
  limits.max_requests = 2;
  ServerFixture f(limits);
  f.feed(kPlainGet);
  CHECK_EQ(f.sent(), kOkReply);
  f.feed(kPlainGet);
  CHECK(f.sent().find("Connection: close\r\n") != std::string::npos);
  CHECK(f.memory_.shut_down());
}

}  // namespace
}  // namespace roost::http
