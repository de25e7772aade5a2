#include "proxy/exchange/cache_status.h"

#include <cstdint>

#include <doctest/doctest.h>

#include "tests/support/field_text.h"

using namespace roost::proxy;
using roost::http::FieldBlock;
using roost::http::text_of;

TEST_CASE("a hit tells age and time left in whole seconds") {
  CHECK(text_of(HitFields(7'999, 52'001, "id").view()) ==
        "Age: 7\r\nCache-Status: roost; hit; ttl=52\r\nX-Request-Id: id\r\n");
  CHECK(text_of(HitFields(-5, 60'000, "id").view()) ==
        "Age: 0\r\nCache-Status: roost; hit; ttl=60\r\nX-Request-Id: id\r\n");
  CHECK(text_of(HitFields(59'999, 1, "id").view()) ==
        "Age: 59\r\nCache-Status: roost; hit; ttl=0\r\nX-Request-Id: id\r\n");
  CHECK(text_of(HitFields(60'000, 0, "id").view()) ==
        "Age: 60\r\nCache-Status: roost; hit; ttl=-1\r\nX-Request-Id: id\r\n");
  CHECK(text_of(HitFields(60'001, -1, "id").view()) ==
        "Age: 60\r\nCache-Status: roost; hit; ttl=-1\r\nX-Request-Id: id\r\n");
  CHECK(text_of(HitFields(62'000, -2'000, "id").view()) ==
        "Age: 62\r\nCache-Status: roost; hit; ttl=-2\r\nX-Request-Id: id\r\n");
}

TEST_CASE("the longest numbers fit") {
  CHECK(text_of(HitFields(INT64_MAX, INT64_MAX, "id").view()) ==
        "Age: 9223372036854775\r\nCache-Status: roost; hit; ttl=9223372036854775\r\nX-Request-Id: id\r\n");
  CHECK(text_of(HitFields(0, INT64_MIN, "id").view()) ==
        "Age: 0\r\nCache-Status: roost; hit; ttl=-9223372036854776\r\nX-Request-Id: id\r\n");
}

TEST_CASE("the longest of everything fits") {
  const std::string longest(kMaxRequestIdBytes, 'x');
  CHECK(text_of(HitFields(INT64_MAX, INT64_MIN, longest).view()) ==
        "Age: 9223372036854775\r\nCache-Status: roost; hit; ttl=-9223372036854776\r\nX-Request-Id: " + longest +
            "\r\n");
}

TEST_CASE("a forwarded request tells why, and what became of the answer") {
  FieldBlock fields{{"X", "y"}};
  add_forward_status(ForwardReason::uri_miss, true, false, "", fields);
  CHECK(text_of(fields) == "X: y\r\nCache-Status: roost; fwd=uri-miss; stored\r\n");
  fields.clear();
  add_forward_status(ForwardReason::stale, false, true, "", fields);
  CHECK(text_of(fields) == "Cache-Status: roost; fwd=stale; collapsed\r\n");
  fields.clear();
  add_forward_status(ForwardReason::vary_miss, false, false, "no-store", fields);
  CHECK(text_of(fields) == "Cache-Status: roost; fwd=vary-miss; detail=no-store\r\n");
  fields.clear();
  add_forward_status(ForwardReason::stale, true, false, "", fields, 304);
  CHECK(text_of(fields) == "Cache-Status: roost; fwd=stale; fwd-status=304; stored\r\n");
}
