#include "proxy/runtime/error_pages.h"

#include <doctest/doctest.h>

using namespace roost::proxy;

TEST_CASE("a status has its own page, or that of all, or none") {
  CHECK(ErrorPages().find(502).empty());
  const ErrorPages some({{502, "", "bad"}});
  CHECK(some.find(502) == "bad");
  CHECK(some.find(503).empty());
  const ErrorPages all({{0, "", "any"}, {502, "", "bad"}});
  CHECK(all.find(502) == "bad");
  CHECK(all.find(404) == "any");
}
