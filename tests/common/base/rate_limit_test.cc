#include "common/base/rate_limit.h"

#include <doctest/doctest.h>

using roost::RateLimit;

TEST_CASE("a burst at once, then one an interval") {
  const RateLimit limit{100, 3};
  int64_t full_at = 0;
  for (int i = 0; i < 3; ++i) CHECK(limit.take(full_at, 1'000) == 0);
  CHECK(full_at == 1'300);
  CHECK(limit.take(full_at, 1'000) == 100);
  CHECK(limit.take(full_at, 1'099) == 1);
  CHECK(full_at == 1'300);  // who is refused takes nothing
  CHECK(limit.take(full_at, 1'100) == 0);
  CHECK(limit.take(full_at, 1'100) == 100);
}

TEST_CASE("a bucket that was left alone is full, and not fuller") {
  const RateLimit limit{100, 2};
  int64_t full_at = 0;
  CHECK(limit.take(full_at, 1'000'000) == 0);
  CHECK(limit.take(full_at, 1'000'000) == 0);
  CHECK(limit.take(full_at, 1'000'000) > 0);
}
