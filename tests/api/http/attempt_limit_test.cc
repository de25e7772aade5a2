#include "api/http/attempt_limit.h"

#include <string>

#include <doctest/doctest.h>

using namespace roost::api;

TEST_CASE("so many attempts at once, and one more for each step of the window") {
  AttemptLimit limit(10, 60'000);
  int64_t now_ms = 1'000'000;
  for (int i = 0; i < 10; ++i) CHECK(limit.attempt("a", now_ms) == 0);
  CHECK(limit.attempt("a", now_ms) == 6000);
  CHECK(limit.attempt("b", now_ms) == 0);
  CHECK(limit.attempt("a", now_ms + 5999) == 1);
  CHECK(limit.attempt("a", now_ms + 6000) == 0);
  CHECK(limit.attempt("a", now_ms + 6000) == 6000);
  now_ms += 66'000;
  for (int i = 0; i < 10; ++i) CHECK(limit.attempt("a", now_ms) == 0);
  CHECK(limit.attempt("a", now_ms) > 0);
}

TEST_CASE("ten thousand attempts let few through") {
  AttemptLimit limit(10, 60'000);
  int through = 0;
  for (int i = 0; i < 10'000; ++i) through += limit.attempt("a", 1000 + i * 6) == 0 ? 1 : 0;  // a minute in all
  CHECK(through == 19);
}

TEST_CASE("an attempt that succeeded is taken back") {
  AttemptLimit limit(2, 1000);
  for (int i = 0; i < 100; ++i) {
    CHECK(limit.attempt("a", 5000) == 0);
    limit.forgive("a");
  }
  limit.forgive("of nobody");
  CHECK(limit.attempt("a", 5000) == 0);
  CHECK(limit.attempt("a", 5000) == 0);
  CHECK(limit.attempt("a", 5000) > 0);
}

TEST_CASE("the table is bounded: who tried least is forgotten first") {
  AttemptLimit limit(10, 60'000);
  while (limit.attempt("victim", 1000) == 0) {
  }
  for (size_t i = 0; i < KeyTimes::kMaxKeys * 3; ++i) {
    CHECK(limit.attempt(std::to_string(i), 1000) == 0);
    REQUIRE(limit.keys() <= KeyTimes::kMaxKeys);
  }
  CHECK(limit.attempt("late", 1'000'000) == 0);  // by now everybody's attempts have come back
}

TEST_CASE("a flood of keys does not wash away those that are over their limit") {
  AttemptLimit limit(10, 60'000);
  while (limit.attempt("victim", 1000) == 0) {
  }
  for (size_t i = 0; i < KeyTimes::kMaxKeys * 3; ++i) {
    limit.attempt(std::to_string(i), 1000 + static_cast<int64_t>(i % 7));
  }
  CHECK(limit.attempt("victim", 1010) > 0);
}

TEST_CASE("beyond the burst attempts are counted up to a bound, and come back one by one") {
  AttemptLimit limit(3, 3000);
  for (int i = 0; i < 3; ++i) CHECK(limit.excess("a", 2, 5000) == 0);
  CHECK(limit.excess("a", 2, 5000) == 1);
  CHECK(limit.excess("a", 2, 5000) == 2);
  CHECK(limit.excess("a", 2, 5000) == 2);  // at most
  CHECK(limit.excess("a", 2, 6000) == 2);  // one came back
  CHECK(limit.excess("a", 2, 8000) == 1);
  CHECK(limit.excess("a", 2, 20'000) == 0);
  limit.forgive("a");
  CHECK(limit.excess("b", 2, 5000) == 0);
}

TEST_CASE("a limit of 0 is none") {
  AttemptLimit limit(0, 1000);
  for (int i = 0; i < 100; ++i) CHECK(limit.attempt("a", 5000) == 0);
  CHECK(limit.excess("a", 5, 5000) == 0);
  limit.forgive("a");
  CHECK(limit.keys() == 0);
}
