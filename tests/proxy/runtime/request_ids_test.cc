#include "proxy/runtime/request_ids.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace roost::proxy;

TEST_CASE("request ids are 32 digits, most of them the loop's") {
  RequestIds ids(1);
  RequestIds others(2);
  std::set<std::string> seen;
  const std::string loop(ids.next().substr(0, 24));
  std::set<char> digits;
  for (int i = 0; i < 1'000; ++i) {
    const std::string id(ids.next());
    CHECK(id.size() == RequestIds::kBytes);
    CHECK(id.starts_with(loop));
    CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(seen.insert(id).second);
    digits.insert(id.begin(), id.end());
  }
  CHECK(digits.size() == 16);
  CHECK(others.next().substr(0, 24) != loop);
}
