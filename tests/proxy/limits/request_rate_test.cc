#include "proxy/limits/request_rate.h"

#include <doctest/doctest.h>

#include "proxy/limits/rate_table.h"

using namespace roost::proxy;

namespace {

constexpr int64_t kSecond = 1'000'000;

}  // namespace

TEST_CASE("rates are written as requests per second, minute or hour") {
  CHECK(RequestRate::parse("10/s", 0).interval_us == kSecond / 10);
  CHECK(RequestRate::parse("10/s", 0).burst == 10);
  CHECK(RequestRate::parse("30/m", 5).interval_us == 2 * kSecond);
  CHECK(RequestRate::parse("30/m", 5).burst == 5);
  CHECK(RequestRate::parse("1/h", 0).interval_us == 3600 * kSecond);
  CHECK(RequestRate::parse("1000000/s", 0).interval_us == 1);
  CHECK_FALSE(RequestRate::parse("off", 7).is_set());
  for (const char* good : {"off", "1/s", "1000000/h"}) CHECK(RequestRate::check(good).empty());
  for (const char* bad : {"", "10", "0/s", "-1/s", "1000001/s", "10/d", "10 /s", "10/s ", "/s", "10/", "1.5/s"}) {
    CHECK_FALSE(RequestRate::check(bad).empty());
  }
}

TEST_CASE("a burst comes at once, then requests at the rate; waiting gives the burst back") {
  const RequestRate rate{kSecond / 2, 3};
  int64_t full_at_us = 0;
  int64_t now_us = 1'000 * kSecond;
  for (int i = 0; i < 3; ++i) CHECK(rate.take(full_at_us, now_us).allowed);
  const auto refused = rate.take(full_at_us, now_us);
  CHECK_FALSE(refused.allowed);
  CHECK(refused.wait_us == kSecond / 2);
  now_us += kSecond / 2 - 1;
  CHECK_FALSE(rate.take(full_at_us, now_us).allowed);
  now_us += 1;
  CHECK(rate.take(full_at_us, now_us).allowed);
  CHECK_FALSE(rate.take(full_at_us, now_us).allowed);  // what is refused costs nothing
  now_us += 10 * kSecond;
  for (int i = 0; i < 3; ++i) CHECK(rate.take(full_at_us, now_us).allowed);
  CHECK_FALSE(rate.take(full_at_us, now_us).allowed);
}

TEST_CASE("the largest burst at the lowest rate does not overflow") {
  const RequestRate rate{3600 * kSecond, 1'000'000'000};
  int64_t full_at_us = 0;
  const int64_t now_us = int64_t{1} << 50;
  for (int i = 0; i < 1'000; ++i) CHECK(rate.take(full_at_us, now_us).allowed);
}

TEST_CASE("clients and rules have buckets of their own") {
  RateTable table(1'000, 42);
  const RequestRate one{kSecond, 1};
  CHECK(table.take(1, 0, one, kSecond).allowed);
  CHECK_FALSE(table.take(1, 0, one, kSecond).allowed);
  CHECK(table.take(2, 0, one, kSecond).allowed);
  CHECK(table.take(1, 1, one, kSecond).allowed);
  CHECK_FALSE(table.take(1, 1, one, kSecond).allowed);
  CHECK(table.take(1, 0, one, 2 * kSecond).allowed);
}

TEST_CASE("the table is bounded; those who have spent their burst stay, those under their rate are forgotten") {
  RateTable table(1, 42);
  CHECK(table.capacity() == RateTable::kShards * RateTable::kWays);
  const RequestRate greedy{kSecond, 20};
  const RequestRate modest{kSecond, 20};
  for (int i = 0; i < 20; ++i) CHECK(table.take(7, 0, greedy, kSecond).allowed);
  for (uint64_t client = 100; client < 10'100; ++client) CHECK(table.take(client, 0, modest, kSecond).allowed);
  CHECK_FALSE(table.take(7, 0, greedy, kSecond).allowed);
  CHECK(RateTable(1'000, 1).capacity() >= 1'000);
}
