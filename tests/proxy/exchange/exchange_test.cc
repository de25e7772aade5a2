// One client's request that needs a backend: each state, and every event in it.

#include "proxy/exchange/exchange.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/proxy/exchange/front_lab.h"
#include "tests/support/moves.h"

using namespace roost;
using namespace roost::proxy;
using http::BodyLength;
using http::FakeResponder;
using State = Exchange::State;

namespace {

constexpr std::string_view kKept = "Cache-Control: max-age=60\r\n";
constexpr std::string_view kNotKept = "Cache-Control: no-store\r\n";

std::string half(size_t length, std::string_view fields, std::string_view bytes) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "Content-Length: " + std::to_string(length) + "\r\n\r\n" +
         std::string(bytes);
}

}  // namespace

TEST_CASE("the moves of an exchange") {
  CHECK(moves_are<Exchange>(State::finishing, {{State::idle, State::joining},
                                               {State::idle, State::passing},
                                               {State::joining, State::leading},
                                               {State::joining, State::waiting},
                                               {State::joining, State::passing},
                                               {State::joining, State::idle},
                                               {State::leading, State::following},
                                               {State::leading, State::idle},
                                               {State::waiting, State::joining},
                                               {State::waiting, State::following},
                                               {State::waiting, State::passing},
                                               {State::waiting, State::idle},
                                               {State::following, State::idle},
                                               {State::passing, State::finishing},
                                               {State::finishing, State::idle}}));
}

// ---- passing --------------------------------------------------------------------------------------------------------

TEST_CASE("a pass sends the request's body and returns the response") {
  FrontLab lab;
  FakeResponder& client = lab.send("POST", "/a", {}, BodyLength::known(4));
  client.receiver()->on_request_body("body");
  client.receiver()->on_request_end();
  lab.script().answer("HTTP/1.1 201 Made\r\nAge: 3\r\nContent-Length: 4\r\n\r\ndone");
  lab.upstream.run();
  CHECK(lab.script().requests().at(0).body == "body");
  CHECK(client.take_log() == "respond ");
  CHECK(client.status() == 201);
  CHECK(client.field("Age") == "3");
  CHECK(client.field("X-Request-Id") != "(none)");
  CHECK(lab.idle());
}

TEST_CASE("a pass whose response is late sends the head alone") {
  FrontLab lab;
  lab.script().answer(half(8, "", "half"));
  FakeResponder& client = lab.get("/uncached");
  CHECK(client.take_log() == "head+body ");
  lab.script().last_connection().feed("half");
  lab.upstream.run();
  CHECK(client.take_log() == "body end ");
  CHECK(lab.idle());
}

TEST_CASE("a pass waits for its client") {
  FrontLab lab;
  lab.script().hold();
  FakeResponder& client = lab.get("/uncached");
  client.block();
  lab.script().send(half(8, "", "half"));
  lab.upstream.run();
  lab.script().last_connection().feed("half");
  lab.upstream.run();
  CHECK(client.body() == "half");
  client.unblock();
  lab.upstream.run();
  CHECK(client.body() == "halfhalf");
  CHECK(lab.idle());
}

TEST_CASE("the response to HEAD announces the length of the body it has not") {
  FrontLab lab;
  lab.script().answer("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
  const FakeResponder& client = lab.send("HEAD", "/a");
  lab.upstream.run();
  CHECK(client.length().bytes == 500);
  CHECK(lab.idle());
}

TEST_CASE("a client that leaves a pass takes the call along") {
  FrontLab lab;
  lab.script().hold();
  FakeResponder& client = lab.get("/uncached");
  SUBCASE("before the head") {}
  SUBCASE("in the body") {
    lab.script().send(half(8, "", "half"));
    lab.upstream.run();
  }
  client.leave();
  CHECK(lab.script().open_count() == 0);
  CHECK(lab.idle());
}

TEST_CASE("a backend that fails a pass") {
  FrontLab lab;
  SUBCASE("before the head: a problem") {
    for (int i = 0; i < 8; ++i) lab.script().close();
    const FakeResponder& client = lab.get("/uncached");
    CHECK(client.status() == 502);
    CHECK(client.field("Cache-Status") == "roost; fwd=bypass");
  }
  SUBCASE("in the body: the client sees it") {
    lab.script().answer_and_close(half(8, "", "half"));
    CHECK(lab.get("/uncached").take_log() == "head+body abort ");
  }
  SUBCASE("when there is none: inside on_request") {
    lab.upstream.backend(0).clear_address();
    CHECK(lab.send("GET", "/uncached").status() == 503);
  }
  CHECK(lab.idle());
}

// ---- leading --------------------------------------------------------------------------------------------------------

TEST_CASE("the client of a fetch gets the body as it comes, and the last of it when it is stored") {
  FrontLab lab;
  lab.script().answer(half(8, kKept, "half"));
  FakeResponder& client = lab.get();
  CHECK(client.take_log() == "head+body ");
  lab.script().last_connection().feed("half");
  lab.upstream.run();
  CHECK(client.take_log() == "body end ");
  CHECK(client.body() == "halfhalf");
  CHECK(lab.idle());
}

TEST_CASE("the client of a fetch that is late behind its head") {
  FrontLab lab;
  lab.script().answer(half(4, kKept, ""));
  FakeResponder& client = lab.get();
  CHECK(client.take_log() == "head ");
  lab.script().last_connection().feed("body");
  lab.upstream.run();
  CHECK(client.take_log() == "body end ");
}

TEST_CASE("a response without a body is stored before it is sent") {
  FrontLab lab;
  lab.script().answer("HTTP/1.1 204 None\r\nCache-Control: max-age=60\r\n\r\n");
  CHECK(lab.get().take_log() == "respond ");
  CHECK(lab.send("GET", "/a").field("Cache-Status") == "roost; hit; ttl=60");
}

TEST_CASE("the client of a fetch has the representation already") {
  FrontLab lab;
  lab.script().answer(half(8, "ETag: \"e\"\r\nCache-Control: max-age=60\r\n", "half"));
  FakeResponder& client = lab.get("/a", {{"If-None-Match", "\"e\""}});
  CHECK(client.take_log() == "respond ");
  CHECK(client.status() == 304);
  CHECK(lab.front.active_count() == 1);  // the fetch goes on for the cache
  lab.script().last_connection().feed("half");
  lab.upstream.run();
  CHECK(lab.send("GET", "/a").body() == "halfhalf");
  CHECK(lab.idle());
}

TEST_CASE("a client slower than its fetch follows from the blocks") {
  FrontLab lab;
  lab.script().hold();
  FakeResponder& client = lab.get();
  client.block();
  lab.script().send(half(12, kKept, "one."));
  lab.upstream.run();
  lab.script().last_connection().feed("two.");
  lab.upstream.run();
  CHECK(client.body() == "one.");
  SUBCASE("while it goes on") {
    client.unblock();
    CHECK(client.body() == "one.two.");
    lab.script().last_connection().feed("end.");
    lab.upstream.run();
  }
  SUBCASE("behind its end") {
    lab.script().last_connection().feed("end.");
    lab.upstream.run();
    CHECK(lab.send("GET", "/a").body() == "one.two.end.");
    client.unblock();
  }
  SUBCASE("until it leaves, behind the end") {
    lab.script().last_connection().feed("end.");
    lab.upstream.run();
    client.leave();
    CHECK(lab.idle());
    return;
  }
  CHECK(client.body() == "one.two.end.");
  CHECK(client.over());
  CHECK(lab.idle());
}

TEST_CASE("an uncacheable response goes to the one that asked") {
  FrontLab lab;
  SUBCASE("whole") {
    lab.script().answer(response(200, "body", kNotKept));
    FakeResponder& client = lab.get();
    CHECK(client.take_log() == "respond ");
    CHECK(client.field("Cache-Status") == "roost; fwd=uri-miss; detail=no-store");
  }
  SUBCASE("in pieces") {
    lab.script().answer(half(8, kNotKept, "half"));
    FakeResponder& client = lab.get();
    lab.script().last_connection().feed("half");
    lab.upstream.run();
    CHECK(client.take_log() == "head+body body end ");
  }
  SUBCASE("without a body") {
    lab.script().answer(response(302, "", "Location: /b\r\n"));
    CHECK(lab.get().status() == 302);
  }
  SUBCASE("until it leaves") {
    lab.script().answer(half(8, kNotKept, "half"));
    lab.get().leave();
    CHECK(lab.script().open_count() == 0);
  }
  SUBCASE("at its speed") {
    lab.script().hold();
    FakeResponder& client = lab.get();
    client.block();
    lab.script().send(half(8, kNotKept, "half"));
    lab.upstream.run();
    lab.script().last_connection().feed("half");
    lab.upstream.run();
    CHECK(client.body() == "half");
    client.unblock();
    lab.upstream.run();
    CHECK(client.body() == "halfhalf");
  }
  CHECK(lab.idle());
}

TEST_CASE("a backend that fails the client of a fetch") {
  FrontLab lab;
  SUBCASE("before the head") {
    for (int i = 0; i < 8; ++i) lab.script().close();
    CHECK(lab.get().status() == 502);
  }
  SUBCASE("in the body") {
    lab.script().answer_and_close(half(8, kKept, "half"));
    CHECK(lab.get().take_log() == "head+body abort ");
  }
  SUBCASE("when there is none: inside on_request") {
    lab.upstream.backend(0).clear_address();
    CHECK(lab.send("GET", "/a").status() == 503);
  }
  SUBCASE("when what is stale may serve") {
    lab.script().answer(response(200, "stale", "Cache-Control: max-age=1, stale-if-error=60\r\n"));
    lab.get();
    lab.upstream.advance_ms(3'000);
    lab.script().answer(response(503, "busy"));
    const FakeResponder& client = lab.get();
    CHECK(client.body() == "stale");
    CHECK(client.field("Age") == "3");
    CHECK(client.field("Cache-Status") == "roost; fwd=stale; fwd-status=503; detail=stale-if-error");
  }
  CHECK(lab.idle());
}

TEST_CASE("the client of a fetch leaves") {
  FrontLab lab;
  lab.script().hold();
  FakeResponder& client = lab.get();
  SUBCASE("before the head") {
    client.leave();
    CHECK(lab.script().open_count() == 0);
  }
  SUBCASE("when the rest is short: the cache gets it") {
    lab.script().send(half(8, kKept, "half"));
    lab.upstream.run();
    client.leave();
    lab.script().last_connection().feed("half");
    lab.upstream.run();
    CHECK(lab.send("GET", "/a").body() == "halfhalf");
  }
  CHECK(lab.idle());
}

TEST_CASE("a HEAD gets what is stale where a GET does") {
  FrontLab lab;
  lab.script().answer(response(200, "stale", "Cache-Control: max-age=1, stale-if-error=60\r\n"));
  lab.get();
  lab.upstream.advance_ms(3'000);
  std::string status;
  SUBCASE("when the backend answers an error") {
    lab.script().answer("HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\n");
    status = "503";
  }
  SUBCASE("when the backend gives no answer") {
    lab.script().close().close();
    status = "502";
  }
  SUBCASE("when there is none") {
    lab.upstream.backend(0).set_draining(true);
    status = "503";
  }
  const FakeResponder& client = lab.send("HEAD", "/a");
  lab.upstream.run();
  CHECK(client.status() == 200);
  CHECK(client.length().bytes == 5);
  CHECK(client.field("Cache-Status") == "roost; fwd=stale; fwd-status=" + status + "; detail=stale-if-error");
  CHECK(lab.idle());
}

TEST_CASE("a HEAD gets the backend's answer where nothing stale may serve") {
  FrontLab lab;
  lab.script().answer(response(200, "stale", "Cache-Control: max-age=1\r\n"));
  lab.get();
  lab.upstream.advance_ms(3'000);
  lab.script().answer("HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\n");
  const FakeResponder& client = lab.send("HEAD", "/a");
  lab.upstream.run();
  CHECK(client.status() == 503);
  CHECK(lab.idle());
}

TEST_CASE("without a backend the answer says when to come again") {
  FrontLab lab;
  lab.upstream.backend(0).set_draining(true);
  for (const char* method : {"GET", "POST"}) {
    const FakeResponder& client = lab.send(method, "/a");
    lab.upstream.run();
    CHECK(client.status() == 503);
    CHECK(client.field("Retry-After") == "1");
  }
  CHECK(lab.idle());
}
