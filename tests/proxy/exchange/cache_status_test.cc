#include "proxy/exchange/cache_status.h"

#include <cstdint>

#include <doctest/doctest.h>

using namespace roost::proxy;

TEST_CASE("a hit tells age and time left in whole seconds") {
  CHECK(HitFields(7'999, 52'001).text() == "Age: 7\r\nCache-Status: roost; hit; ttl=52\r\n");
  CHECK(HitFields(-5, 60'000).text() == "Age: 0\r\nCache-Status: roost; hit; ttl=60\r\n");
  CHECK(HitFields(59'999, 1).text() == "Age: 59\r\nCache-Status: roost; hit; ttl=0\r\n");
  CHECK(HitFields(60'000, 0).text() == "Age: 60\r\nCache-Status: roost; hit; ttl=-1\r\n");
  CHECK(HitFields(60'001, -1).text() == "Age: 60\r\nCache-Status: roost; hit; ttl=-1\r\n");
  CHECK(HitFields(62'000, -2'000).text() == "Age: 62\r\nCache-Status: roost; hit; ttl=-2\r\n");
}

TEST_CASE("the longest numbers fit") {
  CHECK(HitFields(INT64_MAX, INT64_MAX).text() ==
        "Age: 9223372036854775\r\nCache-Status: roost; hit; ttl=9223372036854775\r\n");
  CHECK(HitFields(0, INT64_MIN).text() == "Age: 0\r\nCache-Status: roost; hit; ttl=-9223372036854776\r\n");
}

TEST_CASE("a forwarded request tells why, and what became of the answer") {
  std::string text = "X: y\r\n";
  append_forward_status(ForwardReason::uri_miss, true, false, "", text);
  CHECK(text == "X: y\r\nCache-Status: roost; fwd=uri-miss; stored\r\n");
  text.clear();
  append_forward_status(ForwardReason::stale, false, true, "", text);
  CHECK(text == "Cache-Status: roost; fwd=stale; collapsed\r\n");
  text.clear();
  append_forward_status(ForwardReason::vary_miss, false, false, "no-store", text);
  CHECK(text == "Cache-Status: roost; fwd=vary-miss; detail=no-store\r\n");
  text.clear();
  append_forward_status(ForwardReason::stale, true, false, "", text, 304);
  CHECK(text == "Cache-Status: roost; fwd=stale; fwd-status=304; stored\r\n");
}
