// Attempts at a backend that is ejected, or has just returned.

#include <doctest/doctest.h>

#include "tests/proxy/fetching/caller.h"

using namespace roost;
using namespace roost::proxy;

TEST_CASE("what a backend that is being ejected fails is asked of another") {
  UpstreamFixture f(3);
  f.script(0).otherwise = response(503, "broken");
  Caller caller(f);
  size_t seen = 0;
  while (!f.backend(0).ejected()) {
    REQUIRE(f.request_count() < 100);
    caller.exchange();
    seen += caller.status() == 503 ? 1 : 0;
  }
  CHECK(f.script(0).requests().size() == 5);
  CHECK(seen == 4);
  CHECK(caller.body().ends_with("ok"));
  SUBCASE("and so is its trial, for a while") {
    for (int round = 1; round <= 3; ++round) {
      f.backend(0).end_ejection(f.loop().now_ms());
      caller.exchange();
      CHECK(caller.status() == 200);
      CHECK(caller.call().retries() == 1);
      CHECK(f.backend(0).ejected());
      CHECK(f.script(0).requests().size() == 5U + static_cast<size_t>(round));
    }
  }
  SUBCASE("a trial that is no answer as well") {
    f.script(0).otherwise = "nonsense\r\n\r\n";
    f.backend(0).end_ejection(f.loop().now_ms());
    caller.take_events();
    caller.exchange();
    CHECK(caller.take_events() == "head body end ");
    CHECK(caller.status() == 200);
  }
  SUBCASE("but not where all others are out of use: its answer is passed on") {
    f.backend(0).end_ejection(f.loop().now_ms());
    f.backend(1).report_connect_failure(f.backend(1).address());
    f.backend(2).report_connect_failure(f.backend(2).address());
    caller.exchange();
    CHECK(caller.status() == 503);
    CHECK(caller.call().retries() == 0);
  }
  SUBCASE("nor where the route does not want it") {
    f.reconfigure([](Config& config) {
      for (auto& route : config.routes) route.retry_on = {"connect", "reset", "timeout"};
    });
    Caller other(f);
    f.backend(0).end_ejection(f.loop().now_ms());
    for (int i = 0; i < 20 && other.status() != 503; ++i) other.exchange();
    CHECK(other.status() == 503);
    CHECK(other.call().retries() == 0);
  }
  SUBCASE("nor a POST, which is no trial before its turn") {
    f.backend(0).end_ejection(f.loop().now_ms());
    for (int i = 0; i < 20 && caller.status() != 503; ++i) caller.exchange("POST");
    CHECK(caller.status() == 503);
    CHECK(caller.call().retries() == 0);
    CHECK(f.backend(0).ejected());
  }
}
