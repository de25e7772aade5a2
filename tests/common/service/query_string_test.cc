#include "common/service/query_string.h"

#include <doctest/doctest.h>

using roost::service::QueryString;

TEST_CASE("queries") {
  const auto query = QueryString::parse("limit=5&query=%23a+b&empty=&flag&&limit=6");
  REQUIRE(query);
  CHECK(*query->find("limit") == "5");
  CHECK(*query->find("query") == "#a b");
  CHECK(query->find("empty")->empty());
  CHECK(query->find("flag")->empty());
  CHECK(query->find("none") == nullptr);
  CHECK(query->value("limit") == "5");
  CHECK(query->value("none").empty());
  CHECK_FALSE(QueryString::parse("a=%x"));
  std::string many;
  for (size_t i = 0; i < QueryString::kMaxParameters; ++i) many += "a=1&";
  CHECK(QueryString::parse(many));
  CHECK_FALSE(QueryString::parse(many + "b=1"));
}
