#include "common/observe/event_limiter.h"

#include <string>

#include <doctest/doctest.h>

using namespace roost::observe;

TEST_CASE("a burst of one kind is logged, what follows is counted and told of once") {
  EventLimiter limiter;
  for (uint64_t i = 0; i < EventLimiter::kBurst; ++i) REQUIRE(limiter.admit("refused", 1'000));
  for (int i = 0; i < 312; ++i) REQUIRE_FALSE(limiter.admit("refused", 1'001));
  CHECK(limiter.admit("started", 1'001));  // another kind
  CHECK(limiter.take_suppressed(1'000 + EventLimiter::kWindowMs - 1).empty());
  const auto told = limiter.take_suppressed(1'000 + EventLimiter::kWindowMs);
  REQUIRE_EQ(told.size(), 1);
  CHECK_EQ(told[0].event, "refused");
  CHECK_EQ(told[0].count, 312);
  CHECK(limiter.take_suppressed(100'000).empty());
  CHECK(limiter.admit("refused", 100'000));
}

TEST_CASE("what is suppressed when the window is over is not forgotten by the next event") {
  EventLimiter limiter;
  for (uint64_t i = 0; i <= EventLimiter::kBurst; ++i) limiter.admit("a", 0);
  CHECK_FALSE(limiter.admit("a", EventLimiter::kWindowMs));
  const auto told = limiter.take_suppressed(EventLimiter::kWindowMs);
  REQUIRE_EQ(told.size(), 1);
  CHECK_EQ(told[0].count, 2);
  CHECK(limiter.admit("a", EventLimiter::kWindowMs));
}

TEST_CASE("at the end everything is told of, whatever the time") {
  EventLimiter limiter;
  for (uint64_t i = 0; i <= EventLimiter::kBurst; ++i) limiter.admit("a", 0);
  CHECK_EQ(limiter.take_all().size(), 1);
  CHECK(limiter.take_all().empty());
}

TEST_CASE("kinds beyond the limit share one count") {
  EventLimiter limiter;
  for (size_t i = 0; i < EventLimiter::kMaxKinds; ++i) REQUIRE(limiter.admit("kind " + std::to_string(i), 0));
  uint64_t admitted = 0;
  for (uint64_t i = 0; i < 2 * EventLimiter::kBurst; ++i)
    admitted += limiter.admit("new " + std::to_string(i), 0) ? 1 : 0;
  CHECK_EQ(admitted, EventLimiter::kBurst);
  REQUIRE_EQ(limiter.take_all().size(), 1);
}
