// What the front decides by itself: hits, what goes to a backend and why, and background refreshes.

#include "proxy/exchange/front.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/proxy/exchange/front_lab.h"

using namespace roost;
using namespace roost::proxy;
using http::FakeResponder;

namespace {

constexpr std::string_view kTagged = "ETag: \"e\"\r\nCache-Control: max-age=60\r\n";

}  // namespace

TEST_CASE("a miss is stored, and the next request is a hit") {
  FrontLab lab;
  lab.script().answer(response(200, "body", kTagged));
  const FakeResponder& miss = lab.get();
  CHECK(miss.status() == 200);
  CHECK(miss.body() == "body");
  CHECK(miss.field("Cache-Status") == "roost; fwd=uri-miss; stored");
  CHECK(miss.field("Age") == "(none)");
  CHECK(miss.field("X-Request-Id").size() == 32);
  lab.upstream.advance_ms(7'000);
  FakeResponder& hit = lab.send("GET", "/a");
  CHECK(hit.take_log() == "respond ");
  CHECK(hit.receiver() == nullptr);  // answered inside on_request
  CHECK(hit.body() == "body");
  CHECK(hit.field("Age") == "7");
  CHECK(hit.field("Cache-Status") == "roost; hit; ttl=53");
  CHECK(lab.upstream.request_count() == 1);
  CHECK(lab.idle());
}

TEST_CASE("what is stored answers conditions, and HEAD") {
  FrontLab lab;
  lab.script().answer(response(200, "body", kTagged));
  lab.get();
  CHECK(lab.send("GET", "/a", {{"If-None-Match", "\"e\""}}).status() == 304);
  CHECK(lab.send("GET", "/a", {{"If-None-Match", "\"other\""}}).status() == 200);
  CHECK(lab.send("HEAD", "/a").status() == 200);
  CHECK(lab.upstream.request_count() == 1);
}

TEST_CASE("http and https are two resources") {
  FrontLab lab;
  lab.script().answer(response(200, "plain", kTagged));
  lab.script().answer(response(200, "secure", kTagged));
  lab.get();
  CHECK(lab.last_request().find("X-Forwarded-Proto: http\r\n") != std::string::npos);
  lab.scheme = "https";
  CHECK(lab.get().body() == "secure");
  CHECK(lab.last_request().find("X-Forwarded-Proto: https\r\n") != std::string::npos);
  CHECK(lab.send("GET", "/a").body() == "secure");
  lab.scheme = "http";
  CHECK(lab.send("GET", "/a").body() == "plain");
  CHECK(lab.upstream.request_count() == 2);
}

TEST_CASE("answers of the proxy itself") {
  FrontLab lab;
  CHECK(lab.send("CONNECT", "h:443").status() == 501);
  const FakeResponder& missing = lab.send("GET", "/a", {{"Cache-Control", "only-if-cached"}});
  CHECK(missing.status() == 504);
  CHECK(missing.field("Content-Type") == "application/problem+json");
  CHECK(missing.field("Date") != "(none)");
  CHECK(missing.field("X-Request-Id").size() == 32);
  CHECK(missing.field("Cache-Status") == "roost; detail=only-if-cached");
  CHECK(lab.upstream.request_count() == 0);
  CHECK(lab.idle());
}

TEST_CASE("a request that comes back is refused before it waits for itself") {
  FrontLab lab;
  lab.upstream.context().via_mark = "(0badcafe)";
  lab.script().hold();
  lab.get("/a");
  CHECK(lab.last_request().find("Via: 1.1 roost (0badcafe)") != std::string::npos);
  const FakeResponder& again = lab.get("/a", {{"Via", "1.1 roost (0badcafe)"}});
  CHECK(again.status() == 508);
  CHECK(again.field("Cache-Status") == "roost; detail=loop");
  CHECK(lab.upstream.request_count() == 1);
}

TEST_CASE("OPTIONS and TRACE that may not be forwarded are answered here") {
  FrontLab lab;
  const FakeResponder& options = lab.send("OPTIONS", "/a", {{"Max-Forwards", "0"}});
  CHECK(options.status() == 200);
  CHECK(options.field("Allow") == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  CHECK(lab.send("TRACE", "/a", {{"Max-Forwards", "0"}}).status() == 405);
  CHECK(lab.send("OPTIONS", "/a", {{"Max-Forwards", "x"}}).status() == 400);
  CHECK(lab.upstream.request_count() == 0);
  lab.send("OPTIONS", "/a", {{"Max-Forwards", "1"}});
  lab.upstream.run();
  CHECK(lab.last_request().find("Max-Forwards: 0") != std::string::npos);
  CHECK(lab.clients.back().field("Cache-Status") == "roost; fwd=method");
}

TEST_CASE("the age that a response came with is passed on") {
  FrontLab lab;
  lab.script().answer(response(200, "kept", "Age: 30\r\nCache-Control: max-age=60\r\n"));
  lab.script().answer(response(200, "not kept", "Age: 31\r\nCache-Control: no-store\r\n"));
  lab.script().answer(response(200, "passed", "Age: 32\r\n"));
  CHECK(lab.get("/a").field("Age") == "30");
  CHECK(lab.get("/b").field("Age") == "31");
  CHECK(lab.get("/uncached").field("Age") == "32");
}

TEST_CASE("why a request failed is not told to its client") {
  FrontLab lab;
  lab.script().answer("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
  const FakeResponder& failed = lab.get("/a");
  CHECK(failed.status() == 502);
  for (const char* secret : {"10.0.0.1", "malformed", "Content-Length"}) {
    CAPTURE(secret);
    CHECK(failed.body().find(secret) == std::string::npos);
  }
  CHECK(failed.body().find(failed.field("X-Request-Id")) != std::string::npos);
  lab.script().answer("nonsense\r\n\r\n");
  const FakeResponder& page = lab.get("/b", {{"Accept", "text/html"}});
  CHECK(page.field("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.body().find(page.field("X-Request-Id")) != std::string::npos);
}

TEST_CASE("why a request goes to a backend") {
  FrontLab lab;
  lab.script().otherwise = response(200, "body", "Vary: Accept\r\nCache-Control: max-age=60\r\n");
  CHECK(lab.get("/a").field("Cache-Status") == "roost; fwd=uri-miss; stored");
  CHECK(lab.get("/a", {{"Accept", "x"}}).field("Cache-Status") == "roost; fwd=vary-miss; stored");
  CHECK(lab.get("/a", {{"Cache-Control", "no-cache"}}).field("Cache-Status") == "roost; fwd=request; stored");
  CHECK(lab.get("/a", {{"Cache-Control", "max-age=0"}}).field("Cache-Status") == "roost; hit; ttl=60");
  lab.upstream.advance_ms(1'000);
  CHECK(lab.get("/a", {{"Cache-Control", "max-age=0"}}).field("Cache-Status") == "roost; fwd=request; stored");
  lab.upstream.advance_ms(60'000);
  CHECK(lab.get("/a").field("Cache-Status") == "roost; fwd=vary-miss; stored");  // that it varies stays known
  CHECK(lab.get("/uncached").field("Cache-Status") == "roost; fwd=bypass");
  lab.send("POST", "/b");
  lab.upstream.run();
  CHECK(lab.clients.back().field("Cache-Status") == "roost; fwd=method");
  CHECK(lab.idle());
}

TEST_CASE("a request that may not share") {
  FrontLab lab;
  lab.script().otherwise = response(200, "body", "Cache-Control: no-store\r\n");
  for (uint32_t i = 0; i < UncacheableMarks::kFreeTries; ++i) {
    CHECK(lab.get().field("Cache-Status") == "roost; fwd=uri-miss; detail=no-store");
  }
  CHECK(lab.get().field("Cache-Status") == "roost; fwd=uri-miss; detail=uncacheable");  // remembered
  CHECK(lab.get("/b", {{"Connection", "X"}, {"X", "1"}}).field("Cache-Status") ==
        "roost; fwd=uri-miss; detail=connection");
  CHECK(lab.get("/c", {{"Cache-Control", "no-store"}}).field("Cache-Status") == "roost; fwd=request");
  CHECK(lab.idle());
}

TEST_CASE("what is stale may be given while it is fetched anew") {
  FrontLab lab;
  constexpr std::string_view kStaleable = "Cache-Control: max-age=1, stale-while-revalidate=60\r\n";
  lab.script().answer(response(200, "one", kStaleable));
  lab.get();
  lab.upstream.advance_ms(1'500);  // the backend's delay is real time
  lab.script().hold();
  FakeResponder& stale = lab.send("GET", "/a");
  CHECK(stale.take_log() == "respond ");
  CHECK(stale.body() == "one");
  CHECK(stale.field("Cache-Status") == "roost; hit; ttl=-1");
  CHECK(lab.front.active_count() == 1);
  CHECK(lab.send("HEAD", "/a").status() == 200);  // and no second refresh
  lab.upstream.run();
  CHECK(lab.upstream.request_count() == 2);
  SUBCASE("and is replaced") {
    lab.script().send(response(200, "two", kStaleable));
    lab.upstream.run();
    CHECK(lab.send("GET", "/a").body() == "two");
  }
  SUBCASE("and stays when that fails") {
    lab.script().send(response(500, ""));
    lab.upstream.run();
    CHECK(lab.send("GET", "/a").body() == "one");
  }
  SUBCASE("but not to those who say how fresh they want it, who join the refresh") {
    FakeResponder& strict = lab.send("GET", "/a", {{"Cache-Control", "max-age=600"}});
    CHECK(strict.take_log() == "");
    lab.script().send(response(200, "two", kStaleable));
    lab.upstream.run();
    CHECK(strict.body() == "two");
    CHECK(strict.field("Cache-Status") == "roost; fwd=stale; collapsed");
  }
  CHECK(lab.upstream.request_count() == 2);
  CHECK(lab.idle());
}

TEST_CASE("an unsafe request that succeeds invalidates its URL and the groups it names") {
  FrontLab lab;
  constexpr std::string_view kGroup = "Cache-Groups: \"g\"\r\nCache-Control: max-age=60\r\n";
  lab.script().answer(response(200, "a", kTagged));
  lab.script().answer(response(200, "b", kGroup));
  lab.get("/a");
  lab.get("/b");
  int status = 200;
  SUBCASE("200") {}
  SUBCASE("303") {
    status = 303;
  }
  SUBCASE("an error changes nothing") {
    status = 404;
  }
  lab.script().answer(response(status, "", "Cache-Group-Invalidation: \"g\"\r\n"));
  lab.send("POST", "/a");
  lab.upstream.run();
  if (status == 404) {
    CHECK(lab.send("GET", "/a").body() == "a");
    CHECK(lab.send("GET", "/b").body() == "b");
  } else {
    lab.script().answer(response(200, "new a", kTagged));
    lab.script().answer(response(200, "new b", kGroup));
    CHECK(lab.get("/a").body() == "new a");
    CHECK(lab.last_request().find("\r\nCache-Control: no-cache") != std::string::npos);
    CHECK(lab.get("/b").field("Cache-Status") == "roost; fwd=stale; stored");
  }
  CHECK(lab.idle());
}

TEST_CASE("every answer has a request id of its own") {
  FrontLab lab;
  lab.script().answer(response(200, "body", kTagged));
  const std::string first = lab.get().field("X-Request-Id");
  const std::string hit = lab.send("GET", "/a").field("X-Request-Id");
  CHECK(first.size() == 32);
  CHECK(hit.size() == 32);
  CHECK(hit != first);
  CHECK(lab.send("GET", "/a", {{"X-Request-Id", "forged"}}).field("X-Request-Id").size() == 32);
  CHECK(lab.send("GET", "/a", {{"If-None-Match", "\"e\""}}).field("X-Request-Id").size() == 32);
}

TEST_CASE("a refused request gets an id and is told why") {
  FrontLab lab;
  FakeResponder client;
  http::RequestAcceptor& acceptor = lab.front;
  acceptor.on_refused(client, {.status = 431, .why = "the head is over the limit", .method = "GET", .target = "/x"});
  CHECK(client.status() == 431);
  CHECK(client.field("X-Request-Id").size() == 32);
  CHECK(client.field("Cache-Status") == "roost; detail=refused");
  CHECK(client.body().find("the head is over the limit") != std::string::npos);
  CHECK(lab.upstream.context().counters.refused.value() == 1);
  http::RequestHead head;
  head.fields.add("Accept", "text/html");
  FakeResponder browser;
  acceptor.on_refused(browser, {.status = 413, .why = "the body is over the limit", .head = &head});
  CHECK(browser.field("Content-Type") == "text/html; charset=utf-8");
}

TEST_CASE("a body that is refused in the middle is answered with an id") {
  FrontLab lab;
  FakeResponder& client = lab.send("POST", "/a", {}, http::BodyLength::unknown());
  client.receiver()->on_request_body("some");
  lab.upstream.run();
  client.refuse_body(413, "the body is over the limit");
  CHECK(client.status() == 413);
  CHECK(client.field("X-Request-Id").size() == 32);
  CHECK(client.body().find("the body is over the limit") != std::string::npos);
  lab.upstream.run();
  CHECK(lab.idle());
}

TEST_CASE("informational responses are passed on to the client they are for") {
  FrontLab lab;
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
  for (const char* target : {"/uncached", "/a"}) {
    lab.script().answer("HTTP/1.1 100 Continue\r\n\r\n" + hints + hints + response(200, "body", kTagged));
    FakeResponder& client = lab.get(target);
    CHECK(client.take_log().starts_with("103 103 "));
    CHECK(client.body() == "body");
  }
  CHECK(lab.send("GET", "/a").take_log() == "respond ");  // the hit has none
}
