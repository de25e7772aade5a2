// Requests that wait for another's fetch: what becomes of them when it brings an answer, another's, or none.

#include <string>

#include <doctest/doctest.h>

#include "proxy/runtime/monotonic_clock.h"
#include "tests/proxy/exchange/front_lab.h"

using namespace roost;
using namespace roost::proxy;
using http::FakeResponder;

namespace {

constexpr std::string_view kKept = "Cache-Control: max-age=60\r\n";

std::string half(size_t length, std::string_view fields, std::string_view bytes) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "Content-Length: " + std::to_string(length) + "\r\n\r\n" +
         std::string(bytes);
}

/// One that leads, and one that waits.
struct Two : FrontLab {
  explicit Two(Fields fields = {}) {
    script().hold();
    leader = &get("/a", fields);
    waiter = &get("/a", fields);
  }
  void answer(std::string_view bytes) {
    script().send(bytes);
    upstream.run();
  }
  void feed(std::string_view bytes) {
    script().last_connection().feed(bytes);
    upstream.run();
  }
  FakeResponder* leader;
  FakeResponder* waiter;
};

}  // namespace

TEST_CASE("one fetch answers both") {
  Two lab;
  CHECK(lab.upstream.request_count() == 1);
  lab.answer(half(8, kKept, "half"));
  CHECK(lab.leader->body() == "half");
  CHECK(lab.waiter->body() == "half");
  lab.feed("half");
  CHECK(lab.waiter->body() == "halfhalf");
  CHECK(lab.waiter->over());
  CHECK(lab.waiter->field("Cache-Status") == "roost; fwd=uri-miss; collapsed");
  CHECK(lab.waiter->field("Age") == "0");
  CHECK(lab.waiter->field("X-Request-Id").size() == 32);
  CHECK(lab.waiter->field("X-Request-Id") != lab.leader->field("X-Request-Id"));
  CHECK(lab.idle());
}

TEST_CASE("a waiter that has the representation already") {
  Two lab;
  FakeResponder& other = lab.get("/a", {{"If-None-Match", "\"e\""}});
  lab.answer(half(8, "ETag: \"e\"\r\nCache-Control: max-age=60\r\n", "half"));
  CHECK(other.status() == 304);
  CHECK(other.over());
  lab.feed("half");
  CHECK(lab.idle());
}

TEST_CASE("a waiter at its own speed") {
  Two lab;
  lab.waiter->block();
  lab.answer(half(12, kKept, "one."));
  lab.feed("two.");
  CHECK(lab.waiter->body() == "one.");
  SUBCASE("gets the rest from the blocks") {
    lab.feed("end.");
    CHECK(lab.leader->over());
    lab.waiter->unblock();
    CHECK(lab.waiter->body() == "one.two.end.");
    CHECK(lab.waiter->over());
  }
  SUBCASE("may leave") {
    lab.waiter->leave();
    lab.feed("end.");
  }
  CHECK(lab.idle());
}

TEST_CASE("a waiter that leaves before the head") {
  Two lab;
  lab.waiter->leave();
  CHECK(lab.front.active_count() == 2);  // the leader and its fetch
  lab.answer(response(200, "body", kKept));
  CHECK(lab.leader->body() == "body");
  CHECK(lab.idle());
}

TEST_CASE("the leader leaves, and the fetch goes on for who waits") {
  Two lab;
  lab.leader->leave();
  lab.answer(response(200, "body", kKept));
  CHECK(lab.upstream.request_count() == 1);
  CHECK(lab.waiter->body() == "body");
  CHECK(lab.idle());
}

TEST_CASE("a body of unknown length is its leader's until it is whole") {
  Two lab;
  FakeResponder& other = lab.get("/a", {{"If-None-Match", "\"e\""}});
  lab.answer("HTTP/1.1 200 OK\r\nETag: \"e\"\r\n" + std::string(kKept) +
             "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  CHECK(lab.leader->body() == "half");
  CHECK(lab.waiter->take_log() == "");
  CHECK(other.status() == 304);
  SUBCASE("then all have it") {
    lab.feed("4\r\nhalf\r\n0\r\n\r\n");
    CHECK(lab.waiter->body() == "halfhalf");
    CHECK(lab.waiter->field("Cache-Status") == "roost; fwd=uri-miss; collapsed");
    CHECK(lab.upstream.request_count() == 1);
  }
  SUBCASE("also when the leader leaves") {
    lab.leader->leave();
    lab.feed("4\r\nhalf\r\n0\r\n\r\n");
    CHECK(lab.waiter->body() == "halfhalf");
    CHECK(lab.upstream.request_count() == 1);
  }
  SUBCASE("and when it breaks off the next asks with its own request") {
    lab.script().last_connection().feed_end();
    lab.upstream.run();
    CHECK(lab.leader->take_log() == "head+body abort ");
    CHECK(lab.waiter->body() == "ok");
  }
  CHECK(lab.idle());
}

TEST_CASE("a body that turns out too large: who waits asks for itself") {
  Two lab;
  const std::string chunk = "2710\r\n" + std::string(10'000, 'x') + "\r\n";
  lab.answer("HTTP/1.1 200 OK\r\n" + std::string(kKept) + "Transfer-Encoding: chunked\r\n\r\n" + chunk);
  lab.script().answer(response(200, "its own", kKept));
  SUBCASE("the leader reads") {}
  SUBCASE("the leader reads nothing") {
    lab.leader->block();
  }
  SUBCASE("the leader leaves") {
    lab.leader->leave();
  }
  lab.feed(chunk);
  lab.feed(chunk);
  CHECK(lab.waiter->body() == "its own");
  CHECK(lab.waiter->over());
  CHECK(lab.waiter->field("Cache-Status") == "roost; fwd=uri-miss; detail=too-large");
  CHECK(lab.upstream.request_count() == 2);
  if (lab.leader->over()) {
    lab.script().connection(0).feed(chunk);  // nobody wants these
    lab.upstream.run();
  } else {
    lab.script().connection(0).feed("0\r\n\r\n");
    lab.upstream.run();
    while (!lab.leader->over()) lab.leader->unblock();
    CHECK(lab.leader->body().size() == 30'000);
  }
  CHECK(lab.idle());
}

TEST_CASE("an uncacheable answer sends the waiter to the backend by itself") {
  Two lab;
  lab.script().answer(response(200, "second", "Cache-Control: no-store\r\n"));
  lab.answer(response(200, "first", "Cache-Control: no-store\r\n"));
  CHECK(lab.leader->body() == "first");
  CHECK(lab.waiter->body() == "second");
  CHECK(lab.waiter->field("Cache-Status") == "roost; fwd=uri-miss; detail=uncacheable");
  CHECK(lab.idle());
}

TEST_CASE("a fetch that is abandoned: the waiter leads the next") {
  Two lab;
  const CacheKey key = [] {
    CacheKey made;
    made.assign("http", "h", "/a");
    return made;
  }();
  // As a leader of another thread would: it has joined, and gives up.
  lab.answer(response(200, "body", kKept));
  lab.runtime.cache.purge(key);
  const FetchLock::Joined joined = lab.runtime.fetches.join(key, now_us());
  REQUIRE(joined.leads);
  FakeResponder& late = lab.get();
  CHECK(late.take_log() == "");
  lab.script().answer(response(200, "next", kKept));
  SUBCASE("and fetches") {}
  SUBCASE("unless it is stored by then") {
    StoredHead head;
    head.times = {lab.upstream.loop().now_ms(), 0, 60'000};
    const BlockRef body = BlockRef::copy_of("next");
    lab.runtime.cache.insert(key, {}, head, {&body, 1});
  }
  lab.runtime.fetches.close(key, *joined.fetch);
  joined.fetch->end(FetchState::abandoned);
  lab.upstream.run();
  CHECK(late.body() == "next");
  CHECK(lab.idle());
}

TEST_CASE("a fetch that fails") {
  Two lab;
  SUBCASE("without an answer: the next asks with its own request") {
    lab.script().last_connection().feed_end();
    lab.upstream.run();
    CHECK(lab.leader->status() == 502);
    CHECK(lab.waiter->body() == "ok");
    CHECK(lab.waiter->field("Cache-Status") == "roost; fwd=uri-miss; stored");
  }
  SUBCASE("without an answer, again and again: each asks once at most") {
    FakeResponder& third = lab.get();
    FakeResponder& fourth = lab.get();
    for (int i = 0; i < 8; ++i) lab.script().close();
    lab.script().last_connection().feed_end();
    lab.upstream.run();
    for (const FakeResponder* each : {lab.leader, lab.waiter, &third, &fourth}) CHECK(each->status() == 502);
    CHECK(lab.upstream.request_count() == 4);
  }
  SUBCASE("without an answer, for a pool that fails: the budget is spent, all are told") {
    FakeResponder& third = lab.get();
    RetryBudget& budget = lab.upstream.context().loop_site->budget(lab.upstream.pool());
    while (budget.spend()) continue;
    for (int i = 0; i < 8; ++i) lab.script().close();
    lab.script().last_connection().feed_end();
    lab.upstream.run();
    CHECK(third.status() == 502);
    CHECK(lab.upstream.request_count() == 2);
  }
  SUBCASE("in the body: all see it") {
    lab.answer(half(8, kKept, "half"));
    lab.script().last_connection().feed_end();
    lab.upstream.run();
    CHECK(lab.leader->take_log() == "head+body abort ");
    CHECK(lab.waiter->take_log() == "head+body abort ");
  }
  SUBCASE("in the body, before the waiter has the head") {
    lab.script().last_connection().feed(half(8, kKept, ""));
    lab.script().last_connection().feed_end();
    lab.upstream.run();
    CHECK(lab.waiter->body() == "ok");
  }
  CHECK(lab.idle());
}

TEST_CASE("a fetch that takes long: one that waits asks beside it, the others get what that brings") {
  Two lab;
  FakeResponder& third = lab.get();
  // How long the fetch has taken is counted in real time, which a slow machine has passed a little of.
  lab.upstream.advance_ms(1'000);
  CHECK(lab.upstream.request_count() == 1);
  CHECK(lab.waiter->take_log() == "");
  lab.upstream.advance_ms(1'000);
  CHECK(lab.upstream.request_count() == 2);
  CHECK(lab.waiter->body() == "ok");
  CHECK(third.take_log() == "");
  lab.upstream.advance_ms(250);
  CHECK(third.body() == "ok");
  CHECK(third.field("Cache-Status").starts_with("roost; hit"));
  SUBCASE("the slow one may come after all") {
    lab.script().connection(0).feed(response(200, "late", kKept));
    lab.upstream.run();
    CHECK(lab.leader->body() == "late");
  }
  SUBCASE("or not: what has been stored meanwhile serves") {
    lab.upstream.advance_ms(15'000);
    CHECK(lab.leader->body() == "ok");
  }
  CHECK(lab.upstream.request_count() == 2);
  CHECK(lab.idle());
}

TEST_CASE("a request that meets a fetch which takes long already does not wait for it") {
  Two lab;
  lab.waiter->leave();
  lab.upstream.advance_ms(10'000);
  lab.script().hold();
  const FakeResponder& late = lab.get();
  lab.upstream.advance_ms(2'000);
  CHECK(late.status() == 0);
  CHECK(lab.upstream.request_count() == 2);
  lab.script().send(response(200, "second", kKept));
  lab.upstream.run();
  CHECK(late.body() == "second");
  lab.script().connection(0).feed(response(200, "first", kKept));
  lab.upstream.run();
  CHECK(lab.leader->body() == "first");
  CHECK(lab.idle());
}

TEST_CASE("what is stale and may serve does when the fetch takes long, and the fetch goes on") {
  FrontLab lab;
  lab.script().answer(response(200, "stale", "Cache-Control: max-age=1, stale-if-error=60\r\n"));
  lab.get();
  lab.upstream.advance_ms(3'000);
  lab.script().hold();
  const FakeResponder& leader = lab.get();
  const FakeResponder& waiter = lab.get();
  lab.upstream.advance_ms(1'999);
  CHECK(leader.status() == 0);
  lab.upstream.advance_ms(1);
  CHECK(leader.body() == "stale");
  CHECK(waiter.body() == "stale");
  CHECK(waiter.field("Cache-Status") == "roost; fwd=stale; fwd-status=504; detail=stale-if-error");
  CHECK(lab.upstream.request_count() == 2);
  lab.script().send(response(200, "new", kKept));
  lab.upstream.run();
  CHECK(lab.get().body() == "new");
  CHECK(lab.upstream.request_count() == 2);
  CHECK(lab.idle());
}

TEST_CASE("a failed fetch when what is stale may serve: all get it") {
  FrontLab lab;
  lab.script().answer(response(200, "stale", "Cache-Control: max-age=1, stale-if-error=60\r\n"));
  lab.get();
  lab.upstream.advance_ms(3'000);
  lab.script().hold();
  const FakeResponder& leader = lab.get();
  const FakeResponder& waiter = lab.get();
  lab.script().send(response(500, "broken"));
  lab.upstream.run();
  CHECK(leader.body() == "stale");
  CHECK(waiter.body() == "stale");
  CHECK(waiter.field("Cache-Status") == "roost; fwd=stale; fwd-status=500; detail=stale-if-error");
  CHECK(lab.upstream.request_count() == 2);
  CHECK(lab.idle());
}

TEST_CASE("a fetch that turns out to be another variant's") {
  FrontLab lab;
  lab.script().hold();
  lab.get("/a", {{"Accept", "x"}});
  const FakeResponder& y = lab.get("/a", {{"Accept", "y"}});
  const FakeResponder& also_y = lab.get("/a", {{"Accept", "y"}});
  CHECK(lab.upstream.request_count() == 1);
  lab.script().answer(response(200, "for y", "Vary: Accept\r\nCache-Control: max-age=60\r\n"));
  lab.script().send(response(200, "for x", "Vary: Accept\r\nCache-Control: max-age=60\r\n"));
  lab.upstream.run();
  CHECK(lab.clients[0].body() == "for x");
  CHECK(y.body() == "for y");
  CHECK(also_y.body() == "for y");
  CHECK(also_y.field("Cache-Status") == "roost; fwd=uri-miss; collapsed");
  CHECK(lab.upstream.request_count() == 2);
  CHECK(lab.idle());
}
