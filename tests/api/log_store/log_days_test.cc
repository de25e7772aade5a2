#include "api/log_store/log_days.h"

#include <doctest/doctest.h>

using namespace roost::api;

TEST_CASE("log days: a partition's name is its date, and back") {
  CHECK(log_partition_of(0) == "request_logs_19700101");
  CHECK(log_partition_of(20'784) == "request_logs_20261127");
  CHECK(log_partition_of(11'016) == "request_logs_20000229");
  for (int64_t day = 0; day < 40'000; day += 7) CHECK(day_of_log_partition(log_partition_of(day)) == day);
  for (const char* other :
       {"", "request_logs_", "request_logs_2026112", "request_logs_20261131", "request_logs_20261327",
        "request_logs_2026112x", "request_logs_202611270", "requests_20261127"}) {
    CAPTURE(other);
    CHECK_FALSE(day_of_log_partition(other));
  }
}

TEST_CASE("log days: a day ends with its last microsecond") {
  constexpr int64_t kDayUs = 86'400'000'000;
  CHECK(log_day_of(0) == 0);
  CHECK(log_day_of(kDayUs - 1) == 0);
  CHECK(log_day_of(kDayUs) == 1);
  CHECK(log_day_of(-1) == -1);
  CHECK(make_log_partition(1).ends_with("FROM (86400000000) TO (172800000000)"));
}

TEST_CASE("log days: today, those before it as many as are kept, and tomorrow") {
  const KeptLogDays kept{.today = 100, .keep_days = 7};
  CHECK_FALSE(kept.has(93));
  CHECK(kept.has(94));
  CHECK(kept.has(100));
  CHECK(kept.has(101));
  CHECK_FALSE(kept.has(102));
  CHECK_FALSE(KeptLogDays{.today = 100, .keep_days = 1}.has(99));
}
