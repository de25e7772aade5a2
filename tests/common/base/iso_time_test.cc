#include "common/base/iso_time.h"

#include <doctest/doctest.h>

using namespace roost;

TEST_CASE("times") {
  CHECK(format_iso_time(1'772'359'200'123) == "2026-03-01T10:00:00.123Z");
  CHECK(format_iso_time(0) == "1970-01-01T00:00:00.000Z");
  CHECK(format_iso_time(951'782'400'007) == "2000-02-29T00:00:00.007Z");
  CHECK(format_iso_time(253'402'300'799'999) == "9999-12-31T23:59:59.999Z");
  CHECK(format_month(1'772'359'200'123) == "March 2026");
  CHECK(format_month(1'764'547'199'999) == "November 2025");
  CHECK(parse_time("2026-03-01T10:00:00.123Z") == 1'772'359'200'123);
  CHECK(parse_time("2026-03-01T10:00:00.1Z") == 1'772'359'200'100);
  CHECK(parse_time("2026-03-01T10:00:00Z") == 1'772'359'200'000);
  CHECK(parse_time("1772359200123") == 1'772'359'200'123);
  for (const char* bad : {"", "yesterday", "2026-03-01", "2026-03-01T10:00:00", "2026-03-01T10:00:00.Z",
                          "2026-03-01T10:00:00.12345678901Z", "2026-03-0xT10:00:00Z", "-5"})
    CHECK_FALSE(parse_time(bad));
}
