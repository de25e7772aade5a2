#include "proxy/upstream/backend_care.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/driven_loop.h"
#include "tests/support/scripted_backend.h"

using namespace roost;
using namespace roost::proxy;
using Accepts = ScriptedBackend::Accepts;
using Kind = CheckOptions::Kind;

namespace {

/// One backend at 10.0.0.1:80 and its care, in driven time.
struct BackendCareFixture {
  explicit BackendCareFixture(const CheckOptions& check) : backend(0, {"10.0.0.1", 80}, health_of(check)) {}
  ~BackendCareFixture() {
    care.reset();
    time.turn();
  }
  static HealthOptions health_of(const CheckOptions& check) {
    HealthOptions health;
    health.check = check;
    return health;
  }
  void start() {
    care = std::make_unique<BackendCare>(time.loop(), network, random, backend,
                                         [this](const std::string& text, bool) { news.push_back(text); });
    backend.set_address(script.address());
    care->look_at_address();
  }
  void advance_ms(int64_t by_ms) {
    network.run();
    for (; by_ms > 0; by_ms -= 10) {
      time.advance_ms(10);
      network.run();
    }
  }
  size_t checks() const { return script.requests().size(); }

  net::DrivenLoop time;
  MemoryNetwork network{time.loop()};
  ScriptedBackend& script = network.listen("10.0.0.1:80");
  Random random{1};
  Backend backend;
  std::vector<std::string> news;
  std::unique_ptr<BackendCare> care;
};

CheckOptions check_of(Kind kind) {
  CheckOptions check;
  check.kind = kind;
  check.path = "/healthz";
  return check;
}

}  // namespace

TEST_CASE("a new backend is not in use before it has passed a check") {
  BackendCareFixture f(check_of(Kind::http));
  f.script.hold();
  f.start();
  CHECK(f.backend.state() == BackendState::unchecked);
  f.advance_ms(100);
  REQUIRE(f.checks() == 1);
  CHECK(
      f.script.requests()[0].head.starts_with("GET /healthz HTTP/1.1\r\nHost: 10.0.0.1:80\r\nUser-Agent: roost-check"));
  CHECK(f.backend.state() == BackendState::unchecked);
  f.script.send(response(200, "ok"));
  f.advance_ms(0);
  CHECK(f.backend.state() == BackendState::up);
  CHECK(f.news == std::vector<std::string>{"up: passes its check"});
  CHECK(f.script.open_count() == 0);  // each check has a connection of its own
}

TEST_CASE("checks come at their interval, and faster while something changes") {
  BackendCareFixture f(check_of(Kind::http));
  f.start();
  f.advance_ms(100);
  CHECK(f.checks() == 1);
  f.advance_ms(20'000);
  CHECK(f.checks() >= 10);
  CHECK(f.checks() <= 12);
  f.script.otherwise = response(503, "");
  const size_t before = f.checks();
  f.advance_ms(2'250 + 2 * 560);
  CHECK(f.checks() >= before + 3);
  CHECK(f.backend.state() == BackendState::failing);
  CHECK(f.news.back() == "failing: its check failed: status 503");
  f.script.otherwise = response(200, "");
  f.advance_ms(2 * 560);
  CHECK(f.backend.state() == BackendState::up);
  CHECK(f.news.back() == "up: passes its checks again");
  CHECK(f.news.size() == 3);
}

TEST_CASE("one failed check is not enough, nor is one that passes") {
  BackendCareFixture f(check_of(Kind::http));
  f.start();
  f.advance_ms(100);
  f.script.answer(response(500, "")).answer(response(500, ""));
  f.advance_ms(5'000);
  CHECK(f.backend.state() == BackendState::up);
  f.script.answer(response(500, "")).answer(response(500, "")).answer(response(500, ""));
  f.script.answer(response(200, "")).answer(response(500, ""));
  f.advance_ms(2'250 + 4 * 560);
  CHECK(f.backend.state() == BackendState::failing);
}

TEST_CASE("what fails a check") {
  using Script = void (*)(ScriptedBackend&);
  struct Case {
    Script script;
    std::string failure;
  };
  const Case cases[] = {
      {[](ScriptedBackend& b) { b.answer(response(404, "")); }, "status 404"},
      {[](ScriptedBackend& b) { b.hold(); }, "timed out before it answered"},
      {[](ScriptedBackend& b) { b.answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nslow"); },
       "timed out in the middle of the response"},
      {[](ScriptedBackend& b) { b.close(); }, "closed before it answered"},
      {[](ScriptedBackend& b) { b.answer("nonsense\r\n\r\n"); }, "malformed response head"},
      {[](ScriptedBackend& b) { b.answer(response(200, "starting")); }, "\"ready\" is not in the body"},
      {[](ScriptedBackend& b) { b.answer(response(200, std::string(64 * 1024, '-') + "ready")); },
       "\"ready\" is not in the body"},
      {[](ScriptedBackend& b) { b.accept(Accepts::refuses); }, "connection refused"},
      {[](ScriptedBackend& b) { b.accept(Accepts::ignores); }, "connecting timed out"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.failure);
    CheckOptions check = check_of(Kind::http);
    check.body = "ready";
    BackendCareFixture f(check);
    one.script(f.script);
    f.start();
    f.advance_ms(1'100);
    CHECK(f.backend.state() == BackendState::failing);
    REQUIRE(f.news.size() == 1);
    const bool told = f.news[0].find(one.failure) != std::string::npos;
    CHECK_MESSAGE(told, f.news[0]);
    CHECK(f.script.open_count() == 0);
  }
}

TEST_CASE("a body is looked through across its pieces, up to a limit") {
  CheckOptions check = check_of(Kind::http);
  check.body = "ready";
  BackendCareFixture f(check);
  f.script.hold();
  f.start();
  f.advance_ms(100);
  f.script.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(64 * 1024 - 5, '-') + "rea");
  f.script.send("dy");
  f.advance_ms(0);
  CHECK(f.backend.state() == BackendState::up);
}

TEST_CASE("a check by TCP needs a connection, and no more") {
  BackendCareFixture f(check_of(Kind::tcp));
  f.script.hold();
  f.start();
  f.advance_ms(100);
  CHECK(f.backend.state() == BackendState::up);
  CHECK(f.checks() == 0);
  f.script.accept(Accepts::refuses);
  f.advance_ms(5'000);
  CHECK(f.backend.state() == BackendState::failing);
}

TEST_CASE("a check that this machine cannot make says nothing") {
  BackendCareFixture f(check_of(Kind::http));
  f.start();
  f.advance_ms(100);
  f.script.accept(Accepts::fails_here);
  f.advance_ms(30'000);
  CHECK(f.backend.state() == BackendState::up);
}

TEST_CASE("one that takes no connection of a request is out of use at once, and back after its rise") {
  BackendCareFixture f(check_of(Kind::http));
  f.start();
  f.advance_ms(100);
  f.backend.report_connect_failure(f.backend.address());
  f.care->look();
  CHECK(f.news.back() == "down: takes no connections");
  CHECK(f.backend.state() == BackendState::down);
  f.advance_ms(560);
  CHECK(f.backend.state() == BackendState::failing);
  f.advance_ms(560);
  CHECK(f.backend.state() == BackendState::up);
}

TEST_CASE("without checks one that is down is tried until it takes a connection") {
  BackendCareFixture f(CheckOptions{});
  f.start();
  CHECK(f.backend.state() == BackendState::up);
  f.advance_ms(10'000);
  CHECK(f.script.connection_count() == 0);
  f.script.accept(Accepts::refuses);
  f.backend.report_connect_failure(f.backend.address());
  f.care->look();
  f.care->look();
  f.advance_ms(10'000);
  CHECK(f.script.connection_count() >= 15);
  CHECK(f.backend.state() == BackendState::down);
  f.script.accept(Accepts::yes);
  f.advance_ms(630);
  CHECK(f.backend.state() == BackendState::up);
  CHECK(f.news == std::vector<std::string>{"down: takes no connections; tried again in the background",
                                           "up: takes connections again"});
  const size_t connections = f.script.connection_count();
  f.advance_ms(10'000);
  CHECK(f.script.connection_count() == connections);
}

TEST_CASE("one that was ejected, went down and is back is in use at once") {
  for (const Kind kind : {Kind::off, Kind::http}) {
    BackendCareFixture f(check_of(kind));
    f.start();
    f.advance_ms(100);
    f.backend.eject(f.time.loop().now_ms(), "5 failures in a row");
    f.backend.report_connect_failure(f.backend.address());
    f.care->look();
    CHECK(f.backend.state() == BackendState::down);
    f.advance_ms(2 * 560);
    CHECK(f.backend.state() == BackendState::up);
    CHECK(f.backend.passive().weight_percent() == 100);
    CHECK(f.backend.passive().standing().state() == Standing::State::awaiting);
    f.backend.eject(f.time.loop().now_ms(), "again");
    f.care->look();
    CHECK(f.news.back() == "ejected for 10s: again");  // not for longer: that was another process
  }
}

TEST_CASE("checks that pass again end the first ejection, and those of one that was restarted") {
  struct Case {
    int ejections;
    bool restarted;
    BackendState state;
  };
  for (const Case& one :
       {Case{1, false, BackendState::up}, Case{2, false, BackendState::ejected}, Case{2, true, BackendState::up}}) {
    CAPTURE(one.ejections);
    CAPTURE(one.restarted);
    BackendCareFixture f(check_of(Kind::http));
    f.start();
    f.advance_ms(100);
    for (int i = 0; i < one.ejections; ++i) {
      f.backend.end_ejection(f.time.loop().now_ms());
      f.backend.eject(f.time.loop().now_ms(), "5 failures in a row");
    }
    f.care->look();
    f.advance_ms(2'500);  // checks that pass all the time end none
    CHECK(f.backend.state() == BackendState::ejected);
    f.script.otherwise = response(503, "no");
    if (one.restarted) f.script.accept(Accepts::refuses);
    f.advance_ms(4'500);
    CHECK(f.backend.state() == BackendState::failing);
    f.script.accept(Accepts::yes);
    f.script.otherwise = response(200, "ok");
    f.advance_ms(1'500);
    CHECK(f.news.back() == "up: passes its checks again");
    CHECK(f.backend.state() == one.state);
    const auto standing = f.backend.passive().standing().state();
    CHECK(standing == (one.state == BackendState::up ? Standing::State::awaiting : Standing::State::ejected));
    f.advance_ms(20'000);
    CHECK(f.backend.state() == BackendState::up);
  }
}

TEST_CASE("one refused check does not make a restart of what fails later") {
  BackendCareFixture f(check_of(Kind::http));
  f.start();
  f.advance_ms(100);
  f.script.accept(Accepts::refuses);
  f.advance_ms(2'250);  // one check
  f.script.accept(Accepts::yes);
  f.advance_ms(5'000);
  CHECK(f.backend.state() == BackendState::up);
  f.script.otherwise = response(503, "no");
  f.advance_ms(4'000);
  CHECK(f.backend.state() == BackendState::failing);
  for (const char* reason : {"5 failures in a row", "again"}) {
    f.backend.end_ejection(f.time.loop().now_ms());
    f.backend.eject(f.time.loop().now_ms(), reason);
  }
  f.care->look();
  f.script.otherwise = response(200, "ok");
  f.advance_ms(2'000);
  CHECK(f.news.back() == "up: passes its checks again");
  CHECK(f.backend.state() == BackendState::ejected);
}

TEST_CASE("one that comes up starts slowly where that is configured") {
  HealthOptions health;
  health.slow_start_ms = 10'000;
  net::DrivenLoop time;
  MemoryNetwork network(time.loop());
  ScriptedBackend& script = network.listen("10.0.0.1:80");
  Random random(1);
  Backend backend(0, {"10.0.0.1", 80}, health);
  {
    BackendCare care(time.loop(), network, random, backend, [](const std::string&, bool) {});
    backend.set_address(script.address());
    care.look_at_address();
    CHECK(backend.passive().weight_percent() == 100);
    backend.report_connect_failure(script.address());
    care.look();
    time.advance_ms(130);
    network.run();
    CHECK(backend.state() == BackendState::up);
    CHECK(backend.passive().weight_percent() < 15);
  }
  time.turn();
}

TEST_CASE("an address that is gone is not checked any more, and a new one at once") {
  BackendCareFixture f(check_of(Kind::http));
  f.start();
  f.advance_ms(100);
  f.backend.clear_address();
  f.care->look_at_address();
  f.advance_ms(10'000);
  CHECK(f.checks() == 1);
  ScriptedBackend& other = f.network.listen("10.0.0.2:80");
  f.backend.set_address(other.address());
  f.care->look_at_address();
  CHECK(f.backend.state() == BackendState::unchecked);
  f.advance_ms(100);
  CHECK(other.requests().size() == 1);
  CHECK(f.backend.state() == BackendState::up);
}
