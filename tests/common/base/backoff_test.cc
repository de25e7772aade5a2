#include "common/base/backoff.h"

#include <doctest/doctest.h>

using roost::Backoff;

TEST_CASE("back-off doubles up to its bound, within a quarter") {
  const Backoff backoff{1'000, 5'000, 75, 125};
  const int64_t expected[] = {1'000, 2'000, 4'000, 5'000, 5'000};
  for (int64_t failures = 1; failures <= 5; ++failures) {
    for (uint64_t random = 0; random < 20'000; random += 37) {
      const int64_t delay = backoff.delay_ms(failures, random);
      CHECK(delay >= expected[failures - 1] * 3 / 4);
      CHECK(delay <= expected[failures - 1] * 5 / 4);
    }
  }
  CHECK(backoff.delay_ms(4'000'000'000, 1) <= 6'250);
}

TEST_CASE("back-off spreads those who failed together") {
  const Backoff backoff{1'000, 5'000, 75, 125};
  CHECK(backoff.delay_ms(1, 10) != backoff.delay_ms(1, 400));
}

TEST_CASE("a delay is never below its least") {
  CHECK(Backoff{0, 0, 75, 125, 1}.delay_ms(1, 5) == 1);
}

TEST_CASE("back-off doubles up to its limit, the upper half at random") {
  const Backoff backoff{100, 1000};
  CHECK(backoff.delay_ms(1, 0) == 50);
  CHECK(backoff.delay_ms(1, 50) == 100);
  CHECK(backoff.delay_ms(2, 100) == 200);
  CHECK(backoff.delay_ms(4, 0) == 400);
  CHECK(backoff.delay_ms(5, 0) == 500);
  CHECK(backoff.delay_ms(1'000'000, 500) == 1000);
  for (uint64_t random = 0; random < 2000; ++random) {
    CHECK(backoff.delay_ms(9, random) >= 500);
    CHECK(backoff.delay_ms(9, random) <= 1000);
  }
  CHECK(Backoff{0, 0}.delay_ms(3, 12345) == 0);
}

TEST_CASE("without a random part the delays are exact") {
  const Backoff backoff{100, 5'000, 100, 100};
  const int64_t expected[] = {100, 200, 400, 800, 1'600, 3'200, 5'000, 5'000};
  for (int64_t failures = 1; failures <= 8; ++failures) {
    CHECK(backoff.delay_ms(failures, 987654321) == expected[failures - 1]);
  }
}
