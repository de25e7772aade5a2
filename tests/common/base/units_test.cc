#include "common/base/units.h"

#include <limits>

#include <doctest/doctest.h>

using roost::format_bytes;
using roost::format_duration_ms;
using roost::parse_bytes;
using roost::parse_duration_ms;

TEST_CASE("durations carry their unit") {
  CHECK_EQ(parse_duration_ms("250ms").value(), 250);
  CHECK_EQ(parse_duration_ms("60s").value(), 60'000);
  CHECK_EQ(parse_duration_ms("5m").value(), 300'000);
  CHECK_EQ(parse_duration_ms("7d").value(), 604'800'000);
  for (const char* bad : {"", "60", "s", "-1s", "1.5s", "60 s", "60S", "60sec", "9223372036854775807d"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration_ms(bad).has_value());
  }
  CHECK(parse_duration_ms("60").error().what.find("\"60s\"") != std::string::npos);
}

TEST_CASE("sizes are binary and say so") {
  CHECK_EQ(parse_bytes("0B").value(), 0);
  CHECK_EQ(parse_bytes("64MiB").value(), 64 << 20);
  CHECK_FALSE(parse_bytes("64MB").has_value());
  CHECK_FALSE(parse_bytes("64").has_value());
}

TEST_CASE("what is written reads back") {
  for (int64_t value : {0L, 1L, 999L, 1000L, 1500L, 60'000L, 90'000L, 86'400'000L}) {
    CHECK_EQ(parse_duration_ms(format_duration_ms(value)).value(), value);
  }
  for (int64_t value : {0L, 1L, 1023L, 1024L, 65'536L, 64L << 20, 3L << 30}) {
    CHECK_EQ(parse_bytes(format_bytes(value)).value(), value);
  }
  CHECK_EQ(format_duration_ms(60'000), "1m");
  CHECK_EQ(format_bytes(65'536), "64KiB");
}
