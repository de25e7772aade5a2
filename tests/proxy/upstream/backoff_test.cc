#include "proxy/upstream/backoff.h"

#include <doctest/doctest.h>

using namespace roost::proxy;

TEST_CASE("back-off doubles up to its bound, within a quarter") {
  const Backoff backoff{1'000, 5'000};
  const int64_t expected[] = {1'000, 2'000, 4'000, 5'000, 5'000};
  for (uint32_t failures = 1; failures <= 5; ++failures) {
    for (uint64_t random = 0; random < 20'000; random += 37) {
      const int64_t delay = backoff.delay_ms(failures, random);
      CHECK(delay >= expected[failures - 1] * 3 / 4);
      CHECK(delay <= expected[failures - 1] * 5 / 4);
    }
  }
  CHECK(backoff.delay_ms(4'000'000'000U, 1) <= 6'250);
}

TEST_CASE("back-off spreads those who failed together") {
  CHECK(Backoff{1'000, 5'000}.delay_ms(1, 10) != Backoff{1'000, 5'000}.delay_ms(1, 400));
}

TEST_CASE("back-off is never nothing") {
  CHECK(Backoff{0, 0}.delay_ms(1, 5) == 1);
}
