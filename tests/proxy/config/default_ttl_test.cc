#include <doctest/doctest.h>

#include "proxy/config/cache_section.h"

using namespace roost::proxy;
using Rule = DefaultLifetime::Rule;

TEST_CASE("what default_ttl may be") {
  CHECK(parse_default_ttl("off")->rule == Rule::none);
  CHECK(parse_default_ttl("0s")->rule == Rule::none);
  CHECK(parse_default_ttl("heuristic")->rule == Rule::heuristic);
  CHECK(parse_default_ttl("90s")->rule == Rule::fixed);
  CHECK(parse_default_ttl("90s")->fixed_ms == 90'000);
  for (const char* wrong : {"", "60", "on", "-1s", "1.5s", "Heuristic"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_default_ttl(wrong));
    CHECK(check_default_ttl(wrong) == "expected a time such as \"60s\", \"heuristic\" or \"off\"");
  }
  CHECK(check_default_ttl("5m").empty());
}
