#include "api/db/token_clock.h"

#include <doctest/doctest.h>

using roost::api::TokenClock;

TEST_CASE("the time of the database goes on by the monotonic clock") {
  TokenClock clock;
  CHECK_FALSE(clock.known());
  clock.begin(1'700'000'000'000, 5'000);
  CHECK(clock.known());
  CHECK(clock.now_ms(5'000) == 1'700'000'000'000);
  CHECK(clock.now_ms(3'605'000) == 1'700'003'600'000);
}
