// One fetch for the cache, from its request to what is stored: judging, sharing, and its ends.

#include "proxy/fetching/cache_fetch.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/proxy/fetching/fetch_lab.h"
#include "tests/support/moves.h"

using namespace roost;
using namespace roost::proxy;
using State = CacheFetch::State;

TEST_CASE("the moves of a fetch for the cache") {
  CHECK(moves_are<CacheFetch>(State::draining,
                              {{State::idle, State::validating},        {State::idle, State::asking},
                               {State::validating, State::unconfirmed}, {State::validating, State::storing},
                               {State::validating, State::passing},     {State::validating, State::draining},
                               {State::validating, State::idle},        {State::unconfirmed, State::asking},
                               {State::unconfirmed, State::idle},       {State::asking, State::unconfirmed},
                               {State::asking, State::storing},         {State::asking, State::passing},
                               {State::asking, State::draining},        {State::asking, State::idle},
                               {State::storing, State::outgrown},       {State::storing, State::idle},
                               {State::outgrown, State::idle},          {State::passing, State::draining},
                               {State::passing, State::idle},           {State::draining, State::idle}}));
}

TEST_CASE("a response is stored before its first client has the last of it") {
  FetchLab lab;
  FirstFake first;
  WaiterFake* waiter = nullptr;
  CacheFetch& fetch = lab.begin(&first);
  CHECK(fetch.state() == State::asking);
  CHECK(fetch.head_us() == -1);
  WaiterFake other(lab.fetch, lab.upstream.loop());
  waiter = &other;
  lab.script().answer(response(200, "body", kCacheable));
  lab.upstream.run();
  CHECK(first.log == "head last end ");
  CHECK(first.status == 200);
  CHECK(first.shared);
  CHECK(first.reason == "");
  CHECK(first.forward_status == 0);
  CHECK(first.body == "body");
  CHECK(waiter->body == "body");
  CHECK(waiter->last.state == FetchState::complete);
  CHECK(lab.stored_body() == "body");
  CHECK(lab.idle());
  CHECK(lab.last_request().starts_with("GET /a HTTP/1.1\r\nHost: h\r\n"));
  CHECK(lab.last_request().find("X-Request-Id: id") != std::string::npos);
  CHECK(lab.last_request().find("Cache-Control") == std::string::npos);
}

TEST_CASE("a refresh has no client") {
  FetchLab lab;
  lab.store(response(200, "body", kCacheable));
  CHECK(lab.stored_body() == "body");
  CHECK(lab.idle());
}

TEST_CASE("one object serves fetch after fetch") {
  FetchLab lab;
  lab.script().hold();
  CacheFetch& one = lab.begin(nullptr);
  lab.upstream.run();
  lab.script().send(response(200, "one", "Cache-Control: max-age=0\r\n"));
  lab.upstream.run();
  CHECK(lab.idle());
  CHECK(&lab.begin(nullptr) == &one);
  lab.upstream.run();
}

TEST_CASE("what another has stored meanwhile ends the fetch before it begins") {
  FetchLab lab;
  lab.store(response(200, "body", kCacheable));
  FirstFake first;
  lab.begin(&first);
  REQUIRE(lab.found);
  CHECK(lab.found->status() == 200);
  CHECK(lab.request->head().target == "/a");  // still the caller's
  CHECK(first.log == "");
  CHECK(lab.idle());
  CHECK(lab.upstream.request_count() == 1);
  WaiterFake waiter(lab.fetch, lab.upstream.loop());
  lab.upstream.run();
  CHECK(waiter.last.state == FetchState::abandoned);
}

TEST_CASE("a request that wants none of it fetches all the same") {
  FetchLab lab;
  lab.store(response(200, "one", kCacheable));
  lab.store(response(200, "two", kCacheable));  // use_stored is false
  CHECK(lab.stored_body() == "two");
}

TEST_CASE("fetching past other caches") {
  FetchLab lab;
  lab.begin(nullptr, true, /*revalidate=*/true);
  lab.upstream.run();
  CHECK(lab.last_request().find("\r\nCache-Control: no-cache") != std::string::npos);
}

TEST_CASE("a response from before a change of its tag is asked for once more, past other caches") {
  FetchLab lab;
  lab.cache.revalidate_tag({}, "t", INT64_MAX / 2);
  lab.script().answer(response(200, "old", "Cache-Groups: \"t\"\r\nAge: 9\r\n"));
  lab.script().answer(response(200, "new", "Cache-Groups: \"t\"\r\nCache-Control: max-age=60\r\n"));
  FirstFake first;
  lab.begin(&first);
  lab.upstream.run();
  CHECK(lab.upstream.request_count() == 2);
  CHECK(lab.last_request().find("\r\nCache-Control: no-cache") != std::string::npos);
  CHECK(first.body == "new");
  CHECK(lab.idle());
}

TEST_CASE("a large body that is validated is not copied") {
  FetchLab lab({64 << 20, 1 << 20, 1});
  lab.store(response(200, std::string(160 << 10, 'x'), kTagged));
  const auto before = lab.stored();
  lab.upstream.advance_ms(2'000);
  FirstFake first;
  lab.begin(&first);
  lab.script().answer("HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\nCache-Control: max-age=60\r\n\r\n");
  lab.upstream.run();
  CHECK(first.body.size() == 160 << 10);
  REQUIRE(lab.stored()->body().size() == 10);
  for (size_t i = 0; i < 10; ++i) CHECK(lab.stored()->body()[i].owner == before->body()[i].owner);
  CHECK(lab.in_flight.bytes() == 0);
  CHECK(lab.idle());
}

TEST_CASE("what is stale is validated") {
  FetchLab lab;
  lab.store(response(200, "body", kTagged));
  lab.upstream.advance_ms(2'000);
  FirstFake first;
  CacheFetch& fetch = lab.begin(&first);
  CHECK(fetch.state() == State::validating);
  SUBCASE("304: it is stored again, and sent") {
    lab.script().answer("HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\nCache-Control: max-age=60\r\n\r\n");
    lab.upstream.run();
    CHECK(lab.last_request().find("\r\nIf-None-Match: \"e\"") != std::string::npos);
    CHECK(first.log == "head end ");  // all of it stands in the fetch
    CHECK(first.status == 200);
    CHECK(first.forward_status == 304);
    CHECK(first.body == "body");
    CHECK(lab.stored()->times().lifetime_ms == 60'000);
  }
  SUBCASE("304 that forbids to store it: it is for the first client alone, and purged") {
    lab.script().answer("HTTP/1.1 304 Not Modified\r\nETag: \"e\"\r\nCache-Control: no-store\r\n\r\n");
    lab.upstream.run();
    CHECK(first.log == "head body end ");
    CHECK_FALSE(first.shared);
    CHECK(first.reason == "no-store");
    CHECK(first.forward_status == 304);
    CHECK(first.body == "body");
    CHECK(lab.stored_body() == "(none)");
  }
  SUBCASE("200: it is replaced") {
    lab.script().answer(response(200, "new", kCacheable));
    lab.upstream.run();
    CHECK(first.forward_status == 0);
    CHECK(lab.stored_body() == "new");
  }
  SUBCASE("304 about something else: the whole is asked for") {
    lab.script().answer("HTTP/1.1 304 Not Modified\r\nETag: \"other\"\r\n\r\n");
    lab.script().hold();
    lab.upstream.run();
    CHECK(fetch.state() == State::asking);
    CHECK(lab.last_request().find("If-None-Match") == std::string::npos);
    lab.script().send(response(200, "new", kCacheable));
    lab.upstream.run();
    CHECK(first.body == "new");
  }
  SUBCASE("and 304 to that as well: a failure") {
    lab.script().answer("HTTP/1.1 304 Not Modified\r\nETag: \"other\"\r\n\r\n");
    lab.script().answer("HTTP/1.1 304 Not Modified\r\nETag: \"other\"\r\n\r\n");
    lab.upstream.run();
    CHECK(first.log == "failed ");
    CHECK(first.failure.status == 502);
  }
  CHECK(lab.idle());
}

TEST_CASE("an uncacheable response is for the first client alone, and ends the wait of the others") {
  FetchLab lab;
  FirstFake first;
  CacheFetch& fetch = lab.begin(&first);
  WaiterFake waiter(lab.fetch, lab.upstream.loop());
  lab.script().answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nCache-Control: no-store\r\n\r\none");
  lab.upstream.run();
  CHECK(fetch.state() == State::passing);
  CHECK(waiter.last.state == FetchState::uncacheable);
  CHECK(lab.fetches.size() == 0);
  CHECK(lab.cache.marks().is_marked(lab.key, {}, lab.upstream.loop().now_ms()));
  CHECK(first.reason == "no-store");
  SUBCASE("to its end") {
    lab.script().last_connection().feed("two");
    lab.upstream.run();
    CHECK(first.log == "head body body end ");
    CHECK(first.body == "onetwo");
  }
  SUBCASE("unless the client goes") {
    fetch.leave();
    CHECK(first.log == "head body ");
    CHECK(lab.upstream.connections(0).idle_count() == 0);
  }
  SUBCASE("or the backend") {
    lab.script().last_connection().feed_end();
    lab.upstream.run();
    CHECK(first.log == "head body failed ");
    CHECK_FALSE(first.stale);
  }
  CHECK(lab.idle());
}

TEST_CASE("a failing backend says nothing about a URL") {
  FetchLab lab;
  FirstFake first;
  lab.begin(&first);
  lab.script().answer(response(500, "", "Cache-Control: no-store\r\n"));
  lab.upstream.run();
  CHECK(first.log == "head end ");
  CHECK_FALSE(lab.cache.marks().is_marked(lab.key, {}, lab.upstream.loop().now_ms()));
  CHECK(lab.idle());
}

TEST_CASE("an announced length beyond what the cache takes is not stored") {
  FetchLab lab;
  FirstFake first;
  lab.begin(&first);
  lab.script().answer(response(200, std::string(FetchLab::kMaxObjectBytes + 1, 'x'), kCacheable));
  lab.upstream.run();
  CHECK(first.reason == "too-large");
  CHECK(first.body.size() == FetchLab::kMaxObjectBytes + 1);
  CHECK(lab.stored_body() == "(none)");
  CHECK(lab.idle());
}

TEST_CASE("back-pressure of the only client holds the backend") {
  FetchLab lab;
  FirstFake first;
  first.keeps_up = false;
  CacheFetch& fetch = lab.begin(&first);
  lab.script().answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\nCache-Control: no-store\r\n\r\none");
  lab.upstream.run();
  lab.script().last_connection().feed("two");
  lab.upstream.run();
  CHECK(first.body == "one");
  first.keeps_up = true;
  fetch.resume();
  lab.upstream.run();
  CHECK(first.body == "onetwo");
  CHECK(lab.idle());
}

TEST_CASE("a purge while it is fetched keeps it out of the cache") {
  FetchLab lab;
  FirstFake first;
  lab.begin(&first);
  lab.fetches.spoil(lab.key);
  lab.script().answer(response(200, "body", kCacheable));
  lab.upstream.run();
  CHECK(first.body == "body");
  CHECK(lab.stored_body() == "(none)");
  CHECK(lab.idle());
}

TEST_CASE("the answer to a variant is stored as one") {
  FetchLab lab;
  lab.request_head.fields.add("Accept", "x");
  lab.store(response(200, "for x", "Vary: Accept\r\nCache-Control: max-age=60\r\n"));
  CHECK(lab.stored_body() == "for x");
  lab.request_head.fields.clear();
  CHECK(lab.stored_body() == "(none)");
}

TEST_CASE("a fetch that is destroyed has been abandoned") {
  FetchRef fetch;
  {
    FetchLab lab;
    lab.script().hold();
    lab.begin(nullptr);
    lab.upstream.run();
    fetch = lab.fetch;
  }
  CHECK(fetch->look().state == FetchState::abandoned);
}
