// Requests that wait because every backend has as many as it may have, and bodies that are gathered first.

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/proxy/fetching/caller.h"

using namespace roost;
using namespace roost::proxy;
using http::BodyLength;

namespace {

/// Backends that take one request at a time, and a queue for two more.
struct Narrow : UpstreamFixture {
  explicit Narrow(size_t backends = 1)
      : UpstreamFixture(backends, {}, Balance::round_robin, [](Config& config) {
          config.pools.front().max_active_requests = 1;
          config.pools.front().queue_size = 2;
          config.pools.front().queue_timeout_ms = 1'000;
        }) {}
  /// A GET that has not been answered when this returns.
  Caller& ask(std::string_view method = "GET") {
    callers.push_back(std::make_unique<Caller>(*this));
    for (size_t i = 0; i < backend_count(); ++i) script(i).hold();
    callers.back()->exchange(method);
    for (size_t i = 0; i < backend_count(); ++i) script(i).clear();
    return *callers.back();
  }
  void answer(size_t backend = 0) {
    script(backend).send(response(200, "ok"));
    run();
  }
  size_t backend_count() { return pool().members().size(); }
  std::vector<std::unique_ptr<Caller>> callers;
};

}  // namespace

TEST_CASE("a backend has no more requests than it may have; the others wait in order") {
  Narrow f;
  Caller& first = f.ask();
  Caller& second = f.ask();
  Caller& third = f.ask();
  CHECK(f.request_count() == 1);
  CHECK(f.backend(0).active() == 1);
  CHECK(f.connection_count() == 1);
  f.script(0).hold();
  f.answer();
  CHECK(first.events() == "head body end ");
  CHECK(second.events() == "");
  CHECK(f.request_count() == 2);
  f.script(0).hold();
  f.answer();
  CHECK(second.events() == "head body end ");
  CHECK(third.events() == "");
  f.answer();
  CHECK(third.events() == "head body end ");
  CHECK(f.pool().queue().size() == 0);
  CHECK(f.backend(0).active() == 0);
}

TEST_CASE("every backend is used before a request waits") {
  Narrow f(2);
  f.ask();
  f.ask();
  Caller& third = f.ask();
  CHECK(f.backend(0).active() == 1);
  CHECK(f.backend(1).active() == 1);
  CHECK(f.pool().queue().size() == 1);
  f.answer(1);
  CHECK(third.events() == "head body end ");
  f.answer(0);
}

TEST_CASE("the queue is bounded, in number and in time") {
  Narrow f;
  f.ask();
  Caller& second = f.ask();
  f.advance_ms(400);
  Caller& third = f.ask();
  SUBCASE("in number") {
    Caller& fourth = f.ask();
    CHECK(fourth.events() == "failed ");
    CHECK(fourth.failure().status == 503);
    CHECK(fourth.failure().detail == "too many requests wait for a backend of pool \"pool\"");
    CHECK(fourth.call().backend() == nullptr);
  }
  SUBCASE("in time, each from when it came") {
    f.advance_ms(599);
    CHECK(second.events() == "");
    f.advance_ms(1);
    CHECK(second.events() == "failed ");
    CHECK(second.failure().status == 503);
    CHECK(second.failure().detail == "no backend of pool \"pool\" was free within 1000 ms");
    CHECK(third.events() == "");
    f.advance_ms(400);
    CHECK(third.events() == "failed ");
    CHECK(f.pool().queue().size() == 0);
  }
  f.answer();
}

TEST_CASE("who leaves the queue leaves its turn to the next") {
  Narrow f;
  Caller& first = f.ask();
  Caller& second = f.ask();
  Caller& third = f.ask();
  SUBCASE("before its turn") {
    second.call().abort();
    first.call().abort();
  }
  SUBCASE("when it has been called") {
    first.call().abort();
    second.call().abort();
  }
  f.run();
  CHECK(first.events() + second.events() == "");
  CHECK(third.events() == "head body end ");
  CHECK(f.pool().queue().size() == 0);
}

TEST_CASE("who comes does not pass those who wait") {
  Narrow f;
  Caller& first = f.ask();
  Caller& second = f.ask();
  first.call().abort();  // its place is free, and the second is called
  Caller third(f);
  f.script(0).hold();
  third.exchange();
  CHECK(second.call().backend() != nullptr);
  CHECK(third.events() == "");
  f.answer();
  CHECK(second.events() == "head body end ");
  CHECK(third.events() == "head body end ");
}

TEST_CASE("a body that comes while its request waits is held within a bound") {
  Narrow f;
  f.ask();
  Caller caller(f);
  caller.open("POST", BodyLength::unknown());
  CHECK(caller.call().send_body("one "));
  CHECK(f.pool().queue().size() == 1);
  CHECK(caller.call().send_body("two "));
  const std::string more(RequestBody::kMaxHeldBytes, 'm');
  CHECK_FALSE(caller.call().send_body(more));
  f.answer();
  CHECK(caller.take_events() == "writable ");
  caller.call().end_body();
  f.run();
  CHECK(caller.events() == "head body end ");
  CHECK(f.script(0).requests().back().body == "one two " + more);
}

TEST_CASE("a repeat waits for its turn as well") {
  Narrow f(2);
  f.script(0).close();
  Caller repeated(f);
  Caller other(f);
  repeated.open();
  f.script(1).hold();
  other.open();
  f.run();
  CHECK(repeated.events() == "");
  CHECK(f.pool().queue().size() == 1);
  f.answer(1);
  CHECK(repeated.events() == "head body end ");
  CHECK(repeated.call().retries() == 1);
}

// ---- gathered bodies ------------------------------------------------------------------------------------------------

namespace {

struct Gathering : UpstreamFixture {
  explicit Gathering(const char* buffer_requests, int64_t most_on_disk = 1 << 20)
      : UpstreamFixture(2, {}, Balance::round_robin, [=](Config& config) {
          for (RouteSection& route : config.routes) route.buffer_requests = buffer_requests;
          config.proxy.request_buffer.directory = ".";
          config.proxy.request_buffer.bytes = most_on_disk;
        }) {}
};

}  // namespace

TEST_CASE("a gathered body is whole before a backend is chosen, and goes out with its length") {
  for (const size_t size : {0UL, 10UL, RequestBody::kMaxHeldBytes, RequestBody::kMaxHeldBytes + 1, 300'000UL}) {
    for (const bool known : {true, false}) {
      CAPTURE(size);
      CAPTURE(known);
      std::string body;
      for (size_t i = 0; i < size; ++i) body += static_cast<char>('a' + i % 23);
      Gathering f("all");
      Caller caller(f);
      caller.open("POST", known ? BodyLength::known(size) : BodyLength::unknown());
      for (size_t at = 0; at < size; at += 50'000) {
        CHECK(caller.call().send_body(std::string_view(body).substr(at, 50'000)));
        f.run();
      }
      if (size > 0 || !known) CHECK(f.connection_count() == 0);
      const uint64_t on_disk = size > RequestBody::kMaxHeldBytes ? size - RequestBody::kMaxHeldBytes : 0;
      CHECK(f.context().site().spool->used_bytes() == on_disk);
      caller.call().end_body();
      f.run();
      CHECK(caller.events() == "head body end ");
      REQUIRE(f.request_count() == 1);
      CHECK(f.script(0).requests()[0].body == body);
      if (size > 0) CHECK(f.script(0).requests()[0].head.find("chunked") == std::string::npos);
      caller.exchange();  // the next begins anew
      CHECK(f.context().site().spool->used_bytes() == 0);
    }
  }
}

TEST_CASE("a gathered body is sent again whole, however long it is") {
  Gathering f("all");
  f.script(0).close();
  Caller caller(f);
  caller.open("PUT", BodyLength::unknown());
  const std::string body(200'000, 'b');
  for (int i = 0; i < 4; ++i) caller.call().send_body(std::string_view(body).substr(0, 50'000));
  caller.call().end_body();
  f.run();
  CHECK(caller.events() == "head body end ");
  CHECK(f.script(0).requests().at(0).body == body);
  CHECK(f.script(1).requests().at(0).body == body);
}

TEST_CASE("a gathered body goes out as fast as the backend takes it") {
  Gathering f("all");
  Caller caller(f);
  caller.exchange();
  const std::string body(400'000, 'b');
  f.script(0).connection(0).block_writes();
  f.script(1).accept(ScriptedBackend::Accepts::refuses);
  caller.open("POST", BodyLength::known(body.size()));
  for (int i = 0; i < 8; ++i) caller.call().send_body(std::string_view(body).substr(0, 50'000));
  caller.call().end_body();
  f.run();
  CHECK(f.request_count() == 1);
  f.script(0).connection(0).drain();
  f.run();
  CHECK(f.request_count() == 2);
  CHECK(f.script(0).requests()[1].body == body);
}

TEST_CASE("a gathered body without room on disk is refused, and leaves nothing") {
  Gathering f("all", 100'000);
  Caller caller(f);
  caller.open("POST", BodyLength::unknown());
  CHECK(caller.call().send_body(std::string(RequestBody::kMaxHeldBytes, 'b')));
  CHECK(caller.call().send_body(std::string(100'000, 'b')));
  CHECK(caller.events() == "");
  CHECK(caller.call().send_body("b"));
  CHECK(caller.events() == "failed ");
  CHECK(caller.failure().status == 503);
  CHECK(f.connection_count() == 0);
  caller.exchange();
  CHECK(f.context().site().spool->used_bytes() == 0);
}

TEST_CASE("a route may have every body streamed") {
  Gathering f("off");
  Caller caller(f);
  caller.open("POST", BodyLength::known(4));
  f.run();
  CHECK(f.connection_count() == 0);
  caller.call().send_body("bo");
  f.run();
  CHECK(f.connection_count() == 1);
  caller.call().send_body("dy");
  caller.call().end_body();
  f.run();
  CHECK(f.script(0).requests().at(0).body == "body");
  CHECK(caller.events() == "head body end ");
}
