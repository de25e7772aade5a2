#include "proxy/upstream/backend_upkeep.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/driven_loop.h"

using namespace roost;
using namespace roost::proxy;

namespace {

HealthOptions slow_start_of(int64_t duration_ms) {
  HealthOptions health;
  health.slow_start_ms = duration_ms;
  return health;
}

struct BackendUpkeepFixture {
  explicit BackendUpkeepFixture(const HealthOptions& health = {}) : backend(0, {"10.0.0.1", 80}, health) {
    backend.set_address(*net::Address::parse("10.0.0.1:80"));
  }
  void advance_ms(int64_t by_ms) {
    for (; by_ms > 0; by_ms -= 50) time.advance_ms(50);
  }
  net::DrivenLoop time;
  Backend backend;
  std::vector<std::string> news;
  BackendUpkeep upkeep{time.loop(), backend, [this](const std::string& text, bool) { news.push_back(text); }};
};

}  // namespace

TEST_CASE("an ejection is told, ends in time, and leads into a slow start") {
  BackendUpkeepFixture f;
  CHECK(f.backend.eject(f.time.loop().now_ms(), "5 failures in a row"));
  CHECK_FALSE(f.backend.eject(f.time.loop().now_ms(), "again"));
  f.upkeep.look();
  f.upkeep.look();
  CHECK(f.news == std::vector<std::string>{"ejected for 10s: 5 failures in a row"});
  f.advance_ms(9'950);
  CHECK(f.backend.state() == BackendState::ejected);
  f.advance_ms(50);
  CHECK(f.backend.state() == BackendState::up);
  CHECK(f.backend.passive().weight_percent() == 10);
  CHECK(f.news.back() == "returned: its ejection is over; full weight in 10s");
  f.advance_ms(5'000);
  CHECK(f.backend.passive().weight_percent() == 55);
  f.advance_ms(5'250);
  CHECK(f.backend.passive().weight_percent() == 100);
  CHECK(f.news.size() == 2);
}

TEST_CASE("ejected again, it is away for longer") {
  BackendUpkeepFixture f;
  f.backend.eject(f.time.loop().now_ms(), "a");
  f.upkeep.look();
  f.advance_ms(10'000);
  f.backend.eject(f.time.loop().now_ms(), "b");
  f.upkeep.look();
  CHECK(f.news.back() == "ejected for 20s: b");
  f.advance_ms(19'900);
  CHECK(f.backend.ejected());
  f.advance_ms(100);
  CHECK_FALSE(f.backend.ejected());
  CHECK(f.backend.passive().ejections() == 2);
}

TEST_CASE("a configured slow start holds where it is the longer one") {
  BackendUpkeepFixture f(slow_start_of(60'000));
  f.backend.eject(f.time.loop().now_ms(), "a");
  f.upkeep.look();
  f.advance_ms(10'000);
  f.advance_ms(30'000);
  CHECK(f.backend.passive().weight_percent() == 55);
}

TEST_CASE("the charge for failures fades, and then no timer runs") {
  BackendUpkeepFixture f;
  for (int i = 0; i < 8; ++i) f.backend.charge_failure();
  f.upkeep.look();
  f.advance_ms(10'000);
  CHECK(f.backend.passive().charge().value() == 0);
  CHECK(f.time.loop().timers().active_count() == 0);
}
