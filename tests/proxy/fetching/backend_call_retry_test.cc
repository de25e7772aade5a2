// Attempts that fail, and which of them are made again elsewhere.

#include <string>

#include <doctest/doctest.h>

#include "tests/proxy/fetching/caller.h"

using namespace roost;
using namespace roost::proxy;
using http::BodyLength;
using Accepts = ScriptedBackend::Accepts;

namespace {

uint64_t retries_counted(UpstreamFixture& f) {
  return f.context().counters.retries.value();
}

uint64_t failures(UpstreamFixture& f, size_t backend) {
  return f.backend(backend).statistics().failures.load();
}

}  // namespace

TEST_CASE("what fails on the first backend is tried on the second where that is safe") {
  using Script = void (*)(ScriptedBackend&);
  struct Case {
    std::string what;
    Script script;
    bool idempotent_retried;
    bool other_retried;
    int status;  // when it is not retried
    bool down;   // the first backend, afterwards
    uint64_t failures;
  };
  const Case cases[] = {
      {"connection refused", [](ScriptedBackend& b) { b.accept(Accepts::refuses); }, true, true, 0, true, 0},
      {"connecting times out", [](ScriptedBackend& b) { b.accept(Accepts::ignores); }, true, true, 0, true, 0},
      {"request refused", [](ScriptedBackend& b) { b.accept(Accepts::refuses_requests); }, true, true, 0, false, 0},
      {"closed without a byte", [](ScriptedBackend& b) { b.close(); }, true, false, 502, false, 1},
      {"reset without a byte", [](ScriptedBackend& b) { b.reset(); }, true, false, 502, false, 1},
      {"no answer in time", [](ScriptedBackend& b) { b.hold(); }, true, false, 504, false, 1},
      {"nonsense", [](ScriptedBackend& b) { b.answer("nonsense\r\n\r\n"); }, false, false, 502, false, 1},
      {"half a head", [](ScriptedBackend& b) { b.answer_and_close("HTTP/1.1 2"); }, false, false, 502, false, 1},
  };
  for (const Case& one : cases) {
    for (const bool idempotent : {true, false}) {
      CAPTURE(one.what);
      CAPTURE(idempotent);
      UpstreamFixture f(2);
      one.script(f.script(0));
      Caller caller(f);
      caller.open(idempotent ? "GET" : "POST");
      f.advance_ms(2'000);
      f.advance_ms(60'000);
      const bool retried = idempotent ? one.idempotent_retried : one.other_retried;
      CHECK(caller.events() == (retried ? "head body end " : "failed "));
      CHECK(f.script(1).requests().size() == (retried ? 1 : 0));
      CHECK(caller.call().backend() == &f.backend(retried ? 1 : 0));
      CHECK(caller.call().retries() == (retried ? 1 : 0));
      CHECK(retries_counted(f) == (retried ? 1 : 0));
      if (!retried) CHECK(caller.failure().status == one.status);
      CHECK(f.backend(0).down() == one.down);
      CHECK(failures(f, 0) == one.failures);
      CHECK(f.backend(0).active() + f.backend(1).active() == 0);
      CHECK(f.connections(0).busy_count() + f.connections(1).busy_count() == 0);
    }
  }
}

TEST_CASE("once the response's head has been passed on nothing is tried again") {
  UpstreamFixture f(2);
  f.script(0).answer_and_close("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntrunc");
  Caller caller(f);
  caller.exchange();
  CHECK(caller.events() == "head body failed ");
  CHECK(caller.failure().status == 502);
  CHECK(caller.failure().detail == "backend 10.0.0.1:80: closed in the middle of the response");
  CHECK(f.request_count() == 1);
}

TEST_CASE("the failure that is reported is that of the last attempt") {
  UpstreamFixture f(2);
  f.script(0).accept(Accepts::refuses);
  f.script(1).hold();
  Caller caller(f);
  caller.exchange();
  f.advance_ms(60'000);
  CHECK(caller.failure().status == 504);
  CHECK(caller.failure().detail == "backend 10.0.0.2:80: timed out before it answered");
  CHECK(caller.call().retries() == 1);
}

TEST_CASE("attempts are bounded") {
  SUBCASE("connections that cannot be made") {
    UpstreamFixture f(kMaxAttempts + 1);
    for (size_t i = 0; i <= kMaxAttempts; ++i) f.script(i).accept(Accepts::refuses);
    Caller caller(f);
    caller.exchange("POST");
    CHECK(caller.failure().status == 502);
    CHECK(f.connection_count() == kMaxAttempts);
    CHECK(caller.call().retries() == kMaxAttempts - 1);
  }
  SUBCASE("connections that are never made") {
    UpstreamFixture f(kMaxSlowAttempts + 1);
    for (size_t i = 0; i <= kMaxSlowAttempts; ++i) f.script(i).accept(Accepts::ignores);
    Caller caller(f);
    caller.open();
    for (uint32_t i = 0; i < kMaxSlowAttempts; ++i) {
      CHECK(caller.events() == "");
      f.advance_ms(2'000);
    }
    CHECK(caller.failure().status == 504);
    CHECK(f.connection_count() == kMaxSlowAttempts);
  }
  SUBCASE("requests that are refused") {
    UpstreamFixture f(kMaxAttempts + 1);
    for (size_t i = 0; i <= kMaxAttempts; ++i) f.script(i).accept(Accepts::refuses_requests);
    Caller caller(f);
    caller.exchange("POST");
    CHECK(caller.failure().status == 502);
    size_t refused = 0;
    for (size_t i = 0; i <= kMaxAttempts; ++i) refused += f.script(i).refused_count();
    CHECK(refused == kMaxAttempts);
  }
  SUBCASE("requests that may have been executed: one repeat") {
    UpstreamFixture f(5);
    for (size_t i = 0; i < 5; ++i) f.script(i).close();
    Caller caller(f);
    caller.exchange();
    CHECK(caller.failure().status == 502);
    CHECK(f.request_count() == 2);
  }
  SUBCASE("and of all backends none is left") {
    UpstreamFixture f(1);
    f.script(0).close();
    Caller caller(f);
    caller.exchange();
    CHECK(caller.failure().status == 502);
    CHECK(caller.failure().detail == "backend 10.0.0.1:80: closed before it answered");
    CHECK(f.request_count() == 1);
    CHECK(caller.call().retries() == 0);
  }
}

TEST_CASE("repeats spend the pool's budget, attempts that no backend has processed do not") {
  UpstreamFixture f(2);
  RetryBudget& budget = f.context().loop_site->budget(f.pool());
  while (budget.spend()) continue;
  Caller caller(f);
  SUBCASE("closed without a byte") {
    f.script(0).close();
    caller.exchange();
    CHECK(caller.events() == "failed ");
  }
  SUBCASE("request refused") {
    f.script(0).accept(Accepts::refuses_requests);
    caller.exchange();
    CHECK(caller.events() == "head body end ");
  }
  SUBCASE("connection refused") {
    f.script(0).accept(Accepts::refuses);
    caller.exchange();
    CHECK(caller.events() == "head body end ");
  }
  SUBCASE("every call earns a share of one") {
    for (uint32_t earned = 0; earned < 100 - RetryBudget::kEarnedPerRequest; earned += RetryBudget::kEarnedPerRequest) {
      caller.exchange();
    }
    CHECK_FALSE(budget.spend());
    caller.exchange();
    CHECK(budget.spend());
  }
}

// ---- the body -------------------------------------------------------------------------------------------------------

TEST_CASE("a request is sent again with its body up to the bound, and not above it") {
  for (const bool known : {true, false}) {
    for (const size_t extra : {0U, 1U}) {
      CAPTURE(known);
      CAPTURE(extra);
      const std::string body(RequestBody::kMaxHeldBytes + extra, 'b');
      UpstreamFixture f(2);
      f.script(0).close();
      Caller caller(f);
      caller.open("PUT", known ? BodyLength::known(body.size()) : BodyLength::unknown());
      caller.call().send_body(body.substr(0, 10));
      caller.call().send_body(body.substr(10));
      caller.call().end_body();
      f.run();
      CHECK(caller.events() == (extra == 0 ? "head body end " : "writable failed "));
      CHECK(f.script(0).requests()[0].body == body);
      REQUIRE(f.script(1).requests().size() == 1 - extra);
      if (extra == 0) CHECK(f.script(1).requests()[0].body == body);
    }
  }
}

TEST_CASE("a backend that is lost while the body comes is replaced, and the rest goes to the next") {
  UpstreamFixture f(2);
  f.script(0).accept(Accepts::refuses);
  Caller caller(f);
  caller.open("POST", BodyLength::unknown());
  caller.call().send_body("one ");
  f.run();
  CHECK(caller.call().backend() == &f.backend(1));
  caller.call().send_body("two");
  caller.call().end_body();
  f.run();
  REQUIRE(f.request_count() == 1);
  CHECK(f.script(1).requests()[0].body == "one two");
  CHECK(caller.events() == "head body end ");
}

TEST_CASE("what no backend has seen goes elsewhere, however long it is") {
  constexpr size_t kMore = 10;
  for (const Accepts accepts : {Accepts::refuses, Accepts::ignores}) {
    for (const bool known : {true, false}) {
      CAPTURE(known);
      const std::string body(RequestBody::kMaxHeldBytes + 2, 'b');
      UpstreamFixture f(2);
      f.script(0).accept(accepts);
      Caller caller(f);
      caller.open("POST", known ? BodyLength::known(body.size() + kMore) : BodyLength::unknown());
      CHECK(caller.call().send_body(body.substr(0, 10)));
      CHECK_FALSE(caller.call().send_body(body.substr(10)));  // no more than this is held
      CHECK(caller.events() == "");
      f.advance_ms(2'000);
      CHECK(caller.call().backend() == &f.backend(1));
      CHECK(caller.take_events() == "writable ");
      caller.call().send_body(std::string(kMore, 'c'));
      caller.call().end_body();
      f.run();
      CHECK(caller.events() == "head body end ");
      REQUIRE(f.request_count() == 1);
      CHECK(f.script(1).requests()[0].body == body + std::string(kMore, 'c'));
    }
  }
}

TEST_CASE("a long body whose connection cannot be made goes out on an idle one") {
  UpstreamFixture f(2);
  Caller caller(f);
  caller.exchange();  // leaves a connection to the first
  f.script(1).accept(Accepts::ignores);
  caller.open("POST", BodyLength::unknown());
  const std::string body(RequestBody::kMaxHeldBytes + 1, 'b');
  CHECK(caller.call().send_body("a"));
  CHECK_FALSE(caller.call().send_body(body));
  caller.take_events();
  f.advance_ms(2'000);
  CHECK(caller.take_events() == "writable ");
  caller.call().end_body();
  f.run();
  CHECK(caller.events() == "head body end ");
  CHECK(f.script(0).connection_count() == 1);
  CHECK(f.script(0).requests()[1].body == "a" + body);
}

TEST_CASE("what a backend may have seen of a long body is let go, and with it the retry") {
  UpstreamFixture f(2);
  f.script(0).close();
  Caller caller(f);
  caller.open("PUT", BodyLength::unknown());
  caller.call().send_body("b");
  f.run();
  SUBCASE("at the bound") {
    caller.call().send_body(std::string(RequestBody::kMaxHeldBytes - 1, 'b'));
    caller.call().end_body();
    f.run();
    CHECK(caller.events() == "head body end ");
    CHECK(f.script(1).requests()[0].body.size() == RequestBody::kMaxHeldBytes);
  }
  SUBCASE("one byte above it") {
    caller.call().send_body(std::string(RequestBody::kMaxHeldBytes, 'b'));
    caller.call().end_body();
    f.run();
    CHECK(caller.events() == "failed ");
    CHECK(caller.failure().status == 502);
    CHECK(f.script(1).connection_count() == 0);
  }
}

// ---- reused connections
// -----------------------------------------------------------------------------------------------

TEST_CASE("a reused connection that turns out to be closed says little about its backend") {
  UpstreamFixture f(2, {}, Balance::consistent_hash);
  Caller caller(f);
  caller.exchange();
  const size_t first = caller.call().backend() == &f.backend(0) ? 0 : 1;
  f.script(first).close();  // the next request on it
  SUBCASE("another backend is asked first") {
    caller.exchange();
    CHECK(caller.call().backend() == &f.backend(1 - first));
    CHECK(caller.events() == "head body end head body end ");
  }
  SUBCASE("where there is no other, the same one over a new connection") {
    f.backend(1 - first).set_draining(true);
    f.script(first).answer(response(200, "new"));
    caller.exchange();
    CHECK(caller.body() == "oknew");
    CHECK(f.script(first).connection_count() == 2);
    CHECK(f.script(first).requests().size() == 3);
  }
  SUBCASE("but what may have been executed is not repeated") {
    caller.exchange("POST");
    CHECK(caller.events() == "head body end failed ");
    CHECK(f.script(1 - first).requests().empty());
  }
  CHECK(f.backend(first).state() == BackendState::up);
  CHECK(f.backend(first).statistics().connect_failures.load() == 0);
}

TEST_CASE("after a reused connection only new ones are tried, however many are idle") {
  UpstreamFixture f(1);
  Caller caller(f);
  Caller other(f);
  caller.open();
  other.open();
  f.run();
  CHECK(f.connections(0).idle_count() == 2);
  f.script(0).close().answer(response(200, "new"));
  caller.exchange();
  CHECK(f.script(0).requests().back().connection == 2);
  CHECK(caller.body() == "oknew");
}

TEST_CASE("a request refused on a reused connection goes elsewhere, and back where there is no other") {
  UpstreamFixture f(2, {}, Balance::consistent_hash);
  for (size_t i : {0U, 1U}) f.script(i).accept(Accepts::refuses_requests);
  Caller caller(f);
  caller.exchange("POST");
  CHECK(caller.take_events() == "failed ");
  const size_t second = caller.call().backend() == &f.backend(0) ? 0 : 1;
  const size_t first = 1 - second;
  for (size_t i : {0U, 1U}) {
    CHECK(f.script(i).refused_count() == 1);
    CHECK(f.connections(i).idle_count() == 1);  // it stays open, to refuse the next
    f.script(i).accept(Accepts::yes);
  }
  SUBCASE("elsewhere, over a new connection") {
    caller.exchange("POST");
    CHECK(caller.call().backend() == &f.backend(second));
  }
  SUBCASE("to the same one, over a new connection") {
    f.backend(second).set_draining(true);
    caller.exchange("POST");
    CHECK(caller.call().backend() == &f.backend(first));
  }
  CHECK(caller.events() == "head body end ");
  CHECK(f.script(first).refused_count() == 2);
  CHECK(f.script(second).refused_count() == 1);
  CHECK(failures(f, first) + failures(f, second) == 0);
}

// ---- addresses
// --------------------------------------------------------------------------------------------------------

TEST_CASE("each address of a name is a backend: where one takes no connection another does") {
  UpstreamFixture f(1);
  ScriptedBackend& second = f.network().listen("10.0.9.2:80");
  f.host(0).set_addresses({f.script(0).address(), second.address()});
  REQUIRE(f.host(0).count() == 2);
  Caller caller(f);
  SUBCASE("both serve") {
    for (int i = 0; i < 10; ++i) caller.exchange("POST");
    CHECK(f.script(0).requests().size() == 5);
    CHECK(second.requests().size() == 5);
  }
  SUBCASE("one does") {
    f.script(0).accept(Accepts::refuses);
    for (int i = 0; i < 4; ++i) caller.exchange("POST");
    CHECK(second.requests().size() == 4);
    CHECK(f.script(0).connection_count() == 1);
    CHECK(f.host(0).at(0).down());
    CHECK_FALSE(f.host(0).at(1).down());
  }
  SUBCASE("none does") {
    f.script(0).accept(Accepts::refuses);
    second.accept(Accepts::refuses);
    caller.exchange("POST");
    CHECK(caller.failure().status == 502);
    CHECK(f.script(0).connection_count() == 1);
    CHECK(second.connection_count() == 1);
  }
}

TEST_CASE("when all are down one is tried all the same, and is up once it takes a connection") {
  UpstreamFixture f(2);
  for (size_t i : {0U, 1U}) f.backend(i).report_connect_failure(f.script(i).address());
  CHECK(f.backend(0).down());
  CHECK(f.backend(1).down());
  Caller caller(f);
  caller.exchange();
  CHECK(caller.events() == "head body end ");
  CHECK_FALSE(f.backend(0).down());
  CHECK(f.backend(1).down());
}

// ---- outcomes
// ---------------------------------------------------------------------------------------------------------

TEST_CASE("a backend whose requests fail is ejected, whatever the way they fail") {
  using Script = void (*)(ScriptedBackend&);
  const Script scripts[] = {
      [](ScriptedBackend& b) { b.answer(response(503, "")); },
      [](ScriptedBackend& b) { b.answer("nonsense\r\n\r\n"); },
      [](ScriptedBackend& b) { b.close(); },
      [](ScriptedBackend& b) { b.hold(); },
      [](ScriptedBackend& b) { b.answer_and_close("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntrunc"); },
  };
  for (const Script script : scripts) {
    UpstreamFixture f(2);
    Caller caller(f);
    for (int i = 0; i < 20; ++i) {
      if (i % 2 == 0) script(f.script(0));
      caller.open("POST");
      f.advance_ms(60'000);
      f.advance_ms(0);
    }
    CHECK(f.backend(0).state() == BackendState::ejected);
    CHECK(f.backend(1).state() == BackendState::up);
    CHECK(f.script(0).requests().size() == 5);
  }
}

TEST_CASE("clients that leave do not eject") {
  UpstreamFixture f(2);
  Caller caller(f);
  for (int i = 0; i < 40; ++i) {
    f.script(0).hold();
    f.script(1).hold();
    caller.open();
    f.run();
    caller.call().abort();
  }
  CHECK(f.backend(0).state() == BackendState::up);
  CHECK(f.backend(1).state() == BackendState::up);
}

TEST_CASE("a lack of descriptors is not the backends' fault") {
  UpstreamFixture f(2);
  f.script(0).accept(Accepts::fails_here);
  f.script(1).accept(Accepts::fails_here);
  Caller caller(f);
  for (int i = 0; i < 20; ++i) caller.exchange("POST");
  CHECK(caller.failure().status == 503);
  for (const size_t i : {0U, 1U}) {
    CHECK(f.backend(i).state() == BackendState::up);
    CHECK(f.backend(i).statistics().connect_failures.load() == 0);
    CHECK(failures(f, i) == 0);
  }
}
