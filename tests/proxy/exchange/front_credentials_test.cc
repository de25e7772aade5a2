// What is stored of, and given to, requests with credentials; what one client's odd request does to others; and which
// scheme and host the key has.

#include <string>

#include <doctest/doctest.h>

#include "tests/proxy/exchange/front_lab.h"

using namespace roost;
using namespace roost::proxy;
using http::FakeResponder;

namespace {

constexpr std::string_view kFresh = "Cache-Control: max-age=60\r\n";

}  // namespace

TEST_CASE("an answer to a Cookie without explicit freshness is for its client alone") {
  FrontLab lab;
  lab.script().answer(response(200, "alice"));
  lab.script().answer(response(200, "bob"));
  lab.script().answer(response(200, "anybody"));
  lab.script().answer(response(200, "alice again"));
  const FakeResponder& alice = lab.get("/a", {{"Cookie", "alice"}});
  CHECK(alice.body() == "alice");
  CHECK(alice.field("Cache-Status") == "roost; fwd=uri-miss; detail=cookie");
  CHECK(lab.get("/a", {{"Cookie", "bob"}}).body() == "bob");
  CHECK(lab.get().body() == "anybody");
  CHECK(lab.get().field("Cache-Status") == "roost; hit; ttl=60");
  CHECK(lab.get("/a", {{"Cookie", "alice"}}).body() == "alice again");  // and what is stored is not given to it
  CHECK(lab.get().body() == "anybody");                                 // nor taken away
  CHECK(lab.get("/a", {{"Authorization", "x"}}).body() == "ok");
  CHECK(lab.upstream.request_count() == 5);
  CHECK(lab.idle());
}

TEST_CASE("with explicit freshness a Cookie shares, whoever came first") {
  FrontLab lab;
  lab.script().answer(response(200, "all", kFresh));
  CHECK(lab.get("/a", {{"Cookie", "alice"}}).body() == "all");
  CHECK(lab.get().body() == "all");
  CHECK(lab.get("/a", {{"Cookie", "bob"}}).body() == "all");
  CHECK(lab.get("/a", {{"Authorization", "x"}}).body() == "all");  // RFC 9111 §3.5 is about storing
  CHECK(lab.upstream.request_count() == 1);
  CHECK(lab.idle());
}

TEST_CASE("requests with and without a Cookie that wait for one fetch") {
  FrontLab lab;
  lab.script().hold();
  SUBCASE("led without one") {
    FakeResponder& first = lab.get();
    FakeResponder& cookie = lab.get("/a", {{"Cookie", "alice"}});
    FakeResponder& plain = lab.get();
    lab.script().answer(response(200, "alice"));
    lab.script().send(response(200, "anybody"));
    lab.upstream.run();
    CHECK(first.body() == "anybody");
    CHECK(plain.body() == "anybody");
    CHECK(cookie.body() == "alice");
    CHECK(cookie.field("Cache-Status") == "roost; fwd=uri-miss; detail=cookie");
  }
  SUBCASE("led with one") {
    FakeResponder& first = lab.get("/a", {{"Cookie", "alice"}});
    FakeResponder& other = lab.get("/a", {{"Cookie", "bob"}});
    FakeResponder& plain = lab.get();
    FakeResponder& more = lab.get();
    lab.script().otherwise = response(200, "own");
    lab.script().send(response(200, "alice"));
    lab.upstream.run();
    CHECK(first.body() == "alice");
    for (const FakeResponder* waited : {&other, &plain, &more}) CHECK(waited->body() == "own");
    CHECK(lab.upstream.request_count() == 3);  // the two without a Cookie share one
    CHECK(lab.get().field("Cache-Status") == "roost; hit; ttl=60");
  }
  CHECK(lab.idle());
}

TEST_CASE("an error of one request's own making is nothing to the others") {
  FrontLab lab;
  SUBCASE("it leaves no mark") {
    lab.script().answer(response(431, ""));
    CHECK(lab.get("/a", {{"X-Long", "1"}}).status() == 431);
    lab.script().hold();
    FakeResponder& one = lab.get();
    FakeResponder& two = lab.get();
    lab.script().send(response(200, "body", kFresh));
    lab.upstream.run();
    CHECK(one.body() == "body");
    CHECK(two.body() == "body");
    CHECK(lab.upstream.request_count() == 2);
  }
  SUBCASE("those who waited for it share the next fetch") {
    lab.script().hold();
    FakeResponder& odd = lab.get("/a", {{"X-Long", "1"}});
    FakeResponder& one = lab.get();
    FakeResponder& two = lab.get();
    lab.script().answer(response(200, "body", kFresh));
    lab.script().send(response(400, ""));
    lab.upstream.run();
    CHECK(odd.status() == 400);
    CHECK(one.body() == "body");
    CHECK(two.body() == "body");
    CHECK(lab.upstream.request_count() == 2);
  }
  SUBCASE("who has waited for several does not wait again") {
    lab.script().otherwise = response(400, "");
    lab.script().hold();
    lab.get();
    for (int i = 0; i < 8; ++i) lab.get();
    lab.script().send(response(400, ""));
    lab.upstream.run();
    for (const FakeResponder& client : lab.clients) CHECK(client.status() == 400);
    CHECK(lab.upstream.request_count() == 9);
  }
  CHECK(lab.idle());
}

TEST_CASE("a URL that is marked as uncacheable is stored as soon as it can be") {
  FrontLab lab;
  lab.script().answer(response(200, "", "Set-Cookie: a=b\r\n"));
  CHECK(lab.get().field("Cache-Status") == "roost; fwd=uri-miss; detail=set-cookie");
  lab.script().hold();
  FakeResponder& trying = lab.get();
  lab.script().answer(response(200, "alone"));
  CHECK(lab.get().body() == "alone");  // does not wait
  CHECK(lab.get("/a", {{"If-None-Match", "\"e\""}}).field("Cache-Status") ==
        "roost; fwd=uri-miss; detail=uncacheable");  // with its condition
  CHECK(lab.last_request().find("If-None-Match") != std::string::npos);
  lab.script().connection(lab.script().requests()[1].connection).feed(response(200, "body", kFresh));
  lab.upstream.run();
  CHECK(trying.body() == "body");
  CHECK(trying.field("Cache-Status") == "roost; fwd=uri-miss; stored");
  CHECK(lab.get().field("Cache-Status") == "roost; hit; ttl=60");
  CHECK(lab.idle());
}

TEST_CASE("a stale response stays until its replacement or its end is known") {
  FrontLab lab;
  constexpr std::string_view kVaried = "Vary: Accept\r\nCache-Control: max-age=1, stale-if-error=600\r\n";
  lab.script().answer(response(200, "x", kVaried));
  lab.script().answer(response(200, "y", kVaried));
  lab.get("/a", {{"Accept", "x"}});
  lab.get("/a", {{"Accept", "y"}});
  lab.upstream.advance_ms(3'000);
  const auto stale = [&lab](const char* accept) {
    lab.script().answer(response(503, ""));
    return lab.get("/a", {{"Accept", accept}}).body();
  };
  SUBCASE("an error that the client provokes") {
    for (const int status : {400, 403, 405, 431}) {
      lab.script().answer(response(status, ""));
      CHECK(lab.get("/a", {{"Accept", "x"}}).status() == status);
    }
    CHECK(stale("x") == "x");
  }
  SUBCASE("a response for one client") {
    lab.script().answer(response(200, "alice", "Cache-Control: private\r\n"));
    CHECK(lab.get("/a", {{"Accept", "x"}, {"Cookie", "alice"}}).body() == "alice");
    lab.script().answer(response(200, "new", "Set-Cookie: a=b\r\n"));
    CHECK(lab.get("/a", {{"Accept", "x"}}).body() == "new");
    CHECK(stale("x") == "x");
  }
  SUBCASE("one that nobody may store takes away this variant") {
    lab.script().answer(response(200, "new", "Cache-Control: no-store\r\n"));
    CHECK(lab.get("/a", {{"Accept", "x"}}).body() == "new");
    CHECK(stale("x") == "");
  }
  CHECK(stale("y") == "y");
  CHECK(lab.idle());
}

TEST_CASE("the scheme that a trusted proxy tells is part of the key, and forwarded") {
  FrontLab lab;
  lab.script().answer(response(301, "to https", kFresh));
  lab.script().answer(response(200, "page", kFresh));
  CHECK(lab.get("/a", {{"X-Forwarded-Proto", "http"}}).status() == 301);
  SUBCASE("not from anybody") {
    CHECK(lab.get("/a", {{"X-Forwarded-Proto", "https"}}).status() == 301);
    CHECK(lab.upstream.request_count() == 1);
  }
  SUBCASE("from a trusted proxy") {
    lab.trust_clients();
    CHECK(lab.get("/a", {{"X-Forwarded-Proto", "https"}}).body() == "page");
    CHECK(lab.last_request().find("X-Forwarded-Proto: https\r\n") != std::string::npos);
    CHECK(lab.get("/a", {{"X-Forwarded-Proto", "http, HTTPS"}}).body() == "page");
    CHECK(lab.get("/a", {{"X-Forwarded-Proto", "http"}}).status() == 301);
    CHECK(lab.upstream.request_count() == 2);
  }
}

TEST_CASE("the host that a trusted proxy tells takes the place of Host when asked for") {
  FrontLab lab;
  lab.script().answer(response(200, "first", kFresh));
  lab.script().answer(response(200, "second", kFresh));
  SUBCASE("by default it is nothing") {
    lab.trust_clients();
    lab.get("/a", {{"X-Forwarded-Host", "a.example"}});
    CHECK(lab.last_request().find("X-Forwarded-Host: h\r\n") != std::string::npos);
    CHECK(lab.get("/a", {{"X-Forwarded-Host", "b.example"}}).body() == "first");
  }
  SUBCASE("when asked for") {
    lab.trust_clients(/*host=*/true);
    lab.get("/a", {{"X-Forwarded-Host", "a.example"}});
    CHECK(lab.last_request().find("\r\nHost: a.example\r\n") != std::string::npos);
    CHECK(lab.last_request().find("X-Forwarded-Host: a.example\r\n") != std::string::npos);
    CHECK(lab.get("/a", {{"X-Forwarded-Host", "b.example"}}).body() == "second");
    CHECK(lab.get("/a", {{"X-Forwarded-Host", "A.example:80"}}).body() == "first");
  }
}
