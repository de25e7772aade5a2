// One call at a time: what goes out, what comes back, in each state of the call.

#include "proxy/fetching/backend_call.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/proxy/fetching/caller.h"
#include "tests/support/aborts.h"

using namespace roost;
using namespace roost::proxy;
using http::BodyLength;

TEST_CASE("a request without a body goes out at once, and its response comes back") {
  UpstreamFixture f(1);
  f.script(0).answer(response(201, "hello"));
  Caller caller(f);
  CHECK_FALSE(caller.call().active());
  CHECK(caller.call().backend() == nullptr);
  caller.open("PUT");
  CHECK(caller.call().active());
  CHECK(caller.call().backend() == &f.backend(0));
  CHECK(f.backend(0).active() == 1);
  CHECK(caller.events() == "");
  f.run();
  CHECK(caller.events() == "head body end ");
  CHECK(caller.status() == 201);
  CHECK(caller.body() == "hello");
  CHECK_FALSE(caller.call().active());
  CHECK(caller.call().backend() == &f.backend(0));  // for the log
  CHECK(caller.call().retries() == 0);
  CHECK(f.backend(0).active() == 0);
  CHECK(f.backend(0).statistics().requests.load() == 1);
  REQUIRE(f.script(0).requests().size() == 1);
  CHECK(f.script(0).requests()[0].head == "PUT /a HTTP/1.1\r\nHost: h");
  CHECK(f.connections(0).idle_count() == 1);
}

TEST_CASE("the response to HEAD has no body, whatever length it announces") {
  UpstreamFixture f(1);
  f.script(0).answer("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
  Caller caller(f);
  caller.open("HEAD");
  f.run();
  CHECK(caller.events() == "head end ");
}

TEST_CASE("a short body goes out in one write with its head, once it is whole") {
  UpstreamFixture f(1);
  Caller caller(f);
  caller.open("POST", BodyLength::known(4));
  CHECK(caller.call().send_body("bo"));
  CHECK(caller.call().send_body("dy"));
  f.run();
  CHECK(f.connection_count() == 0);
  caller.call().end_body();
  f.run();
  REQUIRE(f.script(0).requests().size() == 1);
  CHECK(f.script(0).requests()[0].body == "body");
  CHECK(f.script(0).connection(0).write_calls() == 1);
  CHECK(caller.events() == "head body end ");
}

TEST_CASE("a body of unknown length is streamed from its first piece") {
  UpstreamFixture f(1);
  Caller caller(f);
  caller.open("POST", BodyLength::unknown());
  f.run();
  CHECK(f.connection_count() == 0);
  caller.call().send_body("bo");
  f.run();
  CHECK(f.script(0).connection(0).sent().ends_with("2\r\nbo\r\n"));
  caller.call().send_body("dy");
  caller.call().end_body();
  f.run();
  REQUIRE(f.script(0).requests().size() == 1);
  CHECK(f.script(0).requests()[0].body == "body");
  CHECK(caller.events() == "head body end ");
}

TEST_CASE("a body of unknown length that is empty goes out with its end") {
  UpstreamFixture f(1);
  Caller caller(f);
  caller.open("POST", BodyLength::unknown());
  caller.call().end_body();
  f.run();
  REQUIRE(f.script(0).requests().size() == 1);
  CHECK(f.script(0).requests()[0].body.empty());
  CHECK(caller.events() == "head body end ");
}

TEST_CASE("a body is gathered up to the bound, and streamed above it") {
  for (const size_t extra : {0U, 1U}) {
    CAPTURE(extra);
    const std::string body(RequestBody::kMaxHeldBytes + extra, 'b');
    UpstreamFixture f(1);
    Caller caller(f);
    caller.open("POST", BodyLength::known(body.size()));
    caller.call().send_body(body.substr(0, 10));
    f.run();
    CHECK(f.connection_count() == extra);
    caller.call().send_body(body.substr(10));
    f.run();
    CHECK(f.request_count() == extra);
    caller.call().end_body();
    f.run();
    REQUIRE(f.request_count() == 1);
    CHECK(f.script(0).requests()[0].body == body);
    CHECK(caller.events() == "head body end ");
  }
}

TEST_CASE("a backend that does not take the body holds the sender up") {
  UpstreamFixture f(1);
  Caller caller(f);
  caller.open("POST", BodyLength::unknown());
  caller.call().send_body("first");
  f.run();
  f.script(0).connection(0).block_writes();
  CHECK_FALSE(caller.call().send_body("second"));
  f.run();
  CHECK(caller.events() == "");
  f.script(0).connection(0).drain();
  CHECK(caller.events() == "writable ");
  CHECK(caller.call().send_body("third"));
  caller.call().end_body();
  f.run();
  CHECK(caller.events() == "writable head body end ");
  CHECK(f.script(0).requests()[0].body == "firstsecondthird");
}

TEST_CASE("a paused call reads no more until it is resumed") {
  UpstreamFixture f(1);
  f.script(0).answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
  Caller caller(f);
  caller.pause_at_head();
  caller.open();
  f.run();
  CHECK(caller.events() == "head ");
  CHECK_FALSE(f.script(0).connection(0).reading());
  f.script(0).connection(0).feed("def");
  f.advance_ms(600'000);  // it is the client's turn: no time-out of the backend's
  CHECK(caller.events() == "head ");
  caller.call().resume();
  f.run();
  CHECK(caller.body() == "abcdef");
  CHECK(caller.events() == "head body end ");
}

TEST_CASE("without a backend that may be asked the call fails at once with 503") {
  UpstreamFixture f(2);
  f.backend(0).set_draining(true);
  f.backend(1).clear_address();
  Caller caller(f);
  SUBCASE("inside open") {
    caller.open();
  }
  SUBCASE("inside the end of the body") {
    caller.open("POST", BodyLength::known(2));
    caller.call().send_body("ab");
    CHECK(caller.events() == "");
    caller.call().end_body();
  }
  SUBCASE("inside a piece of the body") {
    caller.open("POST", BodyLength::unknown());
    CHECK(caller.call().send_body("ab"));
    CHECK(caller.call().send_body("cd"));
    caller.call().end_body();
  }
  SUBCASE("inside the piece that is too much to gather") {
    caller.open("POST", BodyLength::known(RequestBody::kMaxHeldBytes + 1));
    CHECK(caller.call().send_body(std::string(RequestBody::kMaxHeldBytes + 1, 'b')));
    caller.call().end_body();
  }
  CHECK(caller.events() == "failed ");
  CHECK(caller.failure().status == 503);
  CHECK(caller.failure().detail == "no backend of pool \"pool\" is available");
  CHECK(caller.call().backend() == nullptr);
  CHECK_FALSE(caller.call().active());
}

TEST_CASE("a call is opened again, also inside its own end") {
  UpstreamFixture f(1);
  Caller caller(f);
  SUBCASE("after a response") {
    f.script(0).answer(response(200, "ok"));
  }
  SUBCASE("after a failure") {
    f.script(0).answer("nonsense\r\n\r\n");
  }
  caller.at_end([&] { caller.open("PUT", BodyLength::known(1)); });
  caller.open();
  f.run();
  CHECK(caller.call().active());
  CHECK(caller.call().backend() == nullptr);  // nothing is left of the first
  CHECK(f.backend(0).active() == 0);
  caller.call().send_body("x");
  caller.call().end_body();
  f.run();
  CHECK_FALSE(caller.call().active());
  REQUIRE(f.script(0).requests().size() == 2);
  CHECK(f.script(0).requests()[1].body == "x");
  CHECK(caller.call().retries() == 0);
}

// ---- every action in every state ------------------------------------------------------------------------------------

namespace {

enum class In { closed, gathering, attempting, answering };

/// A call to a backend that holds its answers, brought into a state.
void enter(In state, UpstreamFixture& f, Caller& caller) {
  f.script(0).hold();
  if (state == In::closed) return;
  caller.open("POST", state == In::gathering ? BodyLength::known(4) : BodyLength::unknown());
  caller.call().send_body("bo");
  f.run();
  if (state != In::answering) return;
  f.script(0).connection(0).feed("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhe");
}

using Act = void (*)(UpstreamFixture&, Caller&);
const Act kSend = [](UpstreamFixture&, Caller& c) { CHECK(c.call().send_body("dy")); };
const Act kEnd = [](UpstreamFixture&, Caller& c) { c.call().end_body(); };
const Act kSendAndEnd = [](UpstreamFixture&, Caller& c) {
  c.call().send_body("dy");
  c.call().end_body();
  c.call().end_body();  // once is enough
};
const Act kPause = [](UpstreamFixture&, Caller& c) { c.call().pause(); };
const Act kResume = [](UpstreamFixture&, Caller& c) { c.call().resume(); };
const Act kAbort = [](UpstreamFixture&, Caller& c) { c.call().abort(); };
const Act kClose = [](UpstreamFixture& f, Caller&) {
  if (f.connection_count() > 0) f.script(0).connection(0).feed_end();
};
const Act kReset = [](UpstreamFixture& f, Caller&) {
  if (f.connection_count() > 0) f.script(0).connection(0).feed_error();
};
const Act kTime = [](UpstreamFixture& f, Caller& c) {
  c.call().send_body("dy");
  c.call().end_body();  // until the request is whole it is the client's turn
  f.advance_ms(70'000);
};
const Act kAnswer = [](UpstreamFixture& f, Caller&) {
  if (f.connection_count() > 0) f.script(0).connection(0).feed("HTTP/1.1 204 No Content\r\n\r\n");
};
struct Case {
  std::string what;
  In state;
  Act act;
  const char* events;  // behind those that led to the state
  int failed_with;
  bool active;
  size_t requests;  // whole ones the backend has
  size_t open;      // connections
};
const Case kCases[] = {
    {"send", In::closed, kSend, "", 0, false, 0, 0},
    {"end", In::closed, kEnd, "", 0, false, 0, 0},
    {"pause", In::closed, kPause, "", 0, false, 0, 0},
    {"resume", In::closed, kResume, "", 0, false, 0, 0},
    {"abort", In::closed, kAbort, "", 0, false, 0, 0},
    {"time", In::closed, kTime, "", 0, false, 0, 0},
    {"send", In::gathering, kSend, "", 0, true, 0, 0},
    {"send and end", In::gathering, kSendAndEnd, "", 0, true, 1, 1},
    {"pause", In::gathering, kPause, "", 0, true, 0, 0},
    {"resume", In::gathering, kResume, "", 0, true, 0, 0},
    {"abort", In::gathering, kAbort, "", 0, false, 0, 0},
    {"time", In::gathering, kTime, "failed ", 504, false, 1, 0},
    {"send", In::attempting, kSend, "", 0, true, 0, 1},
    {"end", In::attempting, kEnd, "", 0, true, 1, 1},
    {"send and end", In::attempting, kSendAndEnd, "", 0, true, 1, 1},
    {"pause", In::attempting, kPause, "", 0, true, 0, 1},
    {"resume", In::attempting, kResume, "", 0, true, 0, 1},
    {"abort", In::attempting, kAbort, "", 0, false, 0, 0},
    {"close", In::attempting, kClose, "failed ", 502, false, 0, 0},
    {"reset", In::attempting, kReset, "failed ", 502, false, 0, 0},
    {"time", In::attempting, kTime, "failed ", 504, false, 1, 0},
    // Before the request is whole: the backend does not want the rest, and the connection is not used again.
    {"answer", In::attempting, kAnswer, "head end ", 0, false, 0, 0},
    {"send", In::answering, kSend, "", 0, true, 0, 1},
    {"end", In::answering, kEnd, "", 0, true, 1, 1},
    {"pause", In::answering, kPause, "", 0, true, 0, 1},
    {"resume", In::answering, kResume, "", 0, true, 0, 1},
    {"abort", In::answering, kAbort, "", 0, false, 0, 0},
    {"close", In::answering, kClose, "failed ", 502, false, 0, 0},
    {"reset", In::answering, kReset, "failed ", 502, false, 0, 0},
    {"time", In::answering, kTime, "failed ", 504, false, 1, 0},
};

}  // namespace

TEST_CASE("what the owner does and what happens, in every state") {
  for (const Case& one : kCases) {
    CAPTURE(one.what);
    CAPTURE(static_cast<int>(one.state));
    UpstreamFixture f(1);
    Caller caller(f);
    enter(one.state, f, caller);
    CHECK(caller.take_events() == (one.state == In::answering ? "head body " : ""));
    one.act(f, caller);
    f.run();
    CHECK(caller.take_events() == one.events);
    CHECK(caller.failure().status == (one.failed_with > 0 ? one.failed_with : CallFailure().status));
    CHECK(caller.call().active() == one.active);
    CHECK(f.request_count() == one.requests);
    CHECK(f.script(0).open_count() == one.open);
    CHECK(f.backend(0).active() == (one.active && one.open > 0 ? 1 : 0));
    if (one.active) continue;
    // Nothing is left of it: no event comes, and it serves again.
    f.advance_ms(100'000);
    CHECK(caller.events() == "");
    f.script(0).clear().answer(response(200, "again"));
    caller.open();
    f.run();
    CHECK(caller.body().ends_with("again"));
  }
}

TEST_CASE("a call that is destroyed ends its request, whatever its state") {
  for (const In state : {In::closed, In::gathering, In::attempting, In::answering}) {
    UpstreamFixture f(1);
    {
      Caller caller(f);
      enter(state, f, caller);
      CHECK(f.script(0).open_count() == (state == In::attempting || state == In::answering ? 1 : 0));
    }
    CHECK(f.script(0).open_count() == 0);
    CHECK(f.backend(0).active() == 0);
    f.advance_ms(100'000);
  }
}

TEST_CASE("aborted inside an event, no other follows") {
  for (const char* event : {"head ", "body ", "writable "}) {
    CAPTURE(event);
    UpstreamFixture f(1);
    f.script(0).hold();
    Caller caller(f);
    caller.abort_at(event);
    caller.open("POST", BodyLength::unknown());
    caller.call().send_body("first");
    f.run();
    f.script(0).connection(0).block_writes();
    caller.call().send_body("second");
    f.script(0).connection(0).drain();
    if (!f.script(0).connection(0).closed()) f.script(0).connection(0).feed(response(200, "hello"));
    f.run();
    CHECK(caller.events().ends_with(event));
    CHECK_FALSE(caller.call().active());
    CHECK(f.script(0).open_count() == 0);
    CHECK(f.backend(0).active() == 0);
  }
}

TEST_CASE("opening a call that is under way is a programmer error") {
  for (const In state : {In::closed, In::gathering, In::attempting, In::answering}) {
    UpstreamFixture f(1);
    Caller caller(f);
    enter(state, f, caller);
    CHECK(aborts([&] { caller.open(); }) == (state != In::closed));
  }
}
