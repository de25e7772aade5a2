#include "api/accounts/login_delays.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::api;

namespace {

ClientAddress address(size_t number) {
  ClientAddress made;
  made.bytes[14] = static_cast<uint8_t>(number >> 8);
  made.bytes[15] = static_cast<uint8_t>(number);
  return made;
}

}  // namespace

TEST_CASE("what is held runs after its delay") {
  net::TimerQueue timers(1000);
  LoginDelays delays(timers);
  std::vector<int> ran;
  REQUIRE(delays.hold("ann", address(1), 500, [&] { ran.push_back(1); }));
  REQUIRE(delays.hold("ann", address(2), 200, [&] {
    ran.push_back(2);
    CHECK(delays.hold("ann", address(2), 1000, [&] { ran.push_back(3); }));  // its place is free again
  }));
  timers.advance_to_ms(1199);
  CHECK(ran.empty());
  timers.advance_to_ms(1200);
  CHECK(ran == std::vector<int>{2});
  timers.advance_to_ms(1500);
  CHECK(ran == std::vector<int>{2, 1});
  CHECK(delays.waiting() == 1);
}

TEST_CASE("at an account one of each address waits, and only so many") {
  net::TimerQueue timers(1000);
  LoginDelays delays(timers);
  for (size_t i = 0; i < LoginDelays::kMaxPerAccount; ++i) {
    CHECK(delays.hold("ann", address(i), 500, [] {}));
    CHECK_FALSE(delays.hold("ann", address(i), 500, [] {}));
  }
  CHECK_FALSE(delays.hold("ann", address(999), 500, [] {}));
  CHECK(delays.hold("bob", address(1), 500, [] {}));
  timers.advance_to_ms(1500);
  CHECK(delays.waiting() == 0);
  CHECK(delays.hold("ann", address(999), 500, [] {}));
}

TEST_CASE("and only so many in all; at the end they are dropped") {
  net::TimerQueue timers(1000);
  bool ran = false;
  {
    LoginDelays delays(timers);
    for (size_t i = 0; i < LoginDelays::kMax; ++i)
      CHECK(delays.hold(std::to_string(i), address(i), 500, [&] { ran = true; }));
    CHECK_FALSE(delays.hold("one more", address(1), 500, [&] { ran = true; }));
  }
  timers.advance_to_ms(5000);
  CHECK_FALSE(ran);
}
