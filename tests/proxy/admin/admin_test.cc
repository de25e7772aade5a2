#include "proxy/admin/admin.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::proxy;

TEST_CASE("values of a query") {
  CHECK(query_value("url=http%3A%2F%2Fh%2Fa&tag=x", "url") == "http://h/a");
  CHECK(query_value("url=a&tag=b+c", "tag") == "b c");
  CHECK(query_value("tags=b", "tag") == "");
  CHECK(query_value("tag", "tag") == "");
  CHECK(query_value("a=%zz%4", "a") == "%zz%4");
}
