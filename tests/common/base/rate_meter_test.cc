#include "common/base/rate_meter.h"

#include <doctest/doctest.h>

using roost::LeastRate;
using roost::RateMeter;

TEST_CASE("the bytes that a rate asks for") {
  CHECK_EQ(LeastRate{1'024}.bytes_in_ms(30'000), 30'720);
  CHECK_EQ(LeastRate{1'024}.bytes_in_ms(1), 1);
  CHECK_EQ(LeastRate{1}.bytes_in_ms(999), 0);
  CHECK_EQ(LeastRate{1}.bytes_in_ms(1'000), 1);
  CHECK_EQ(LeastRate{1'024}.bytes_in_ms(-5), 0);
  CHECK_EQ(LeastRate{uint64_t{1} << 40}.bytes_in_ms(86'400'000), (uint64_t{1} << 40) * 86'400);
  CHECK_FALSE(LeastRate{}.is_set());
}

TEST_CASE("nothing is judged before a period is over, and then exactly") {
  const LeastRate least{1'000, 10'000};
  RateMeter meter;
  meter.start(500, 7);
  CHECK(meter.keeps_up(least, 10'499, 7));
  SUBCASE("a byte too few") {
    CHECK_FALSE(meter.keeps_up(least, 10'500, 7 + 9'999));
  }
  SUBCASE("just enough") {
    CHECK(meter.keeps_up(least, 10'500, 7 + 10'000));
  }
  SUBCASE("a late look counts the time that has passed") {
    CHECK_FALSE(meter.keeps_up(least, 15'500, 7 + 10'000));
  }
}

TEST_CASE("much in one period is no credit for the next") {
  const LeastRate least{1'000, 10'000};
  RateMeter meter;
  meter.start(0, 0);
  CHECK(meter.keeps_up(least, 10'000, 1'000'000));
  CHECK_EQ(meter.left_ms(least, 10'000), 10'000);
  CHECK(meter.keeps_up(least, 19'999, 1'000'000));
  CHECK_FALSE(meter.keeps_up(least, 20'000, 1'009'999));
}

TEST_CASE("a pause makes the period longer, and what comes in it counts") {
  const LeastRate least{1'000, 10'000};
  RateMeter meter;
  meter.start(0, 0);
  meter.skip_ms(5'000);
  CHECK_EQ(meter.left_ms(least, 6'000), 9'000);
  CHECK(meter.keeps_up(least, 14'999, 0));
  SUBCASE("a byte too few") {
    CHECK_FALSE(meter.keeps_up(least, 15'000, 9'999));
  }
  SUBCASE("just enough") {
    CHECK(meter.keeps_up(least, 15'000, 10'000));
  }
}

TEST_CASE("when to look again") {
  const LeastRate least{1'000, 10'000};
  RateMeter meter;
  meter.start(0, 0);
  CHECK_EQ(meter.left_ms(least, 0), 10'000);
  CHECK_EQ(meter.left_ms(least, 9'999), 1);
  CHECK_EQ(meter.left_ms(least, 20'000), 0);
}

TEST_CASE("without a rate nobody is too slow") {
  RateMeter meter;
  meter.start(0, 0);
  CHECK(meter.keeps_up(LeastRate{}, 1'000'000'000, 0));
}
