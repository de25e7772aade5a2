#include "common/net/network_set.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::net;

namespace {
Address address(const char* text) {
  return *Address::parse(text);
}
}  // namespace

TEST_CASE("networks contain their addresses and no others") {
  NetworkSet trusted;
  CHECK_FALSE(trusted.contains(address("10.1.2.3:80")));
  REQUIRE(trusted.add("10.0.0.0/8"));
  REQUIRE(trusted.add("192.0.2.7"));
  REQUIRE(trusted.add("2001:db8::/33"));
  CHECK(trusted.contains(address("10.255.2.3:80")));
  CHECK_FALSE(trusted.contains(address("11.0.0.1:80")));
  CHECK(trusted.contains(address("192.0.2.7:80")));
  CHECK_FALSE(trusted.contains(address("192.0.2.6:80")));
  CHECK(trusted.contains(address("[2001:db8:7fff::1]:80")));
  CHECK_FALSE(trusted.contains(address("[2001:db8:8000::1]:80")));
  CHECK(trusted.contains(address("[::ffff:10.1.1.1]:80")));
}

TEST_CASE("an IPv4 network may be written in IPv6 form") {
  NetworkSet trusted;
  REQUIRE(trusted.add("::ffff:10.0.0.0/104"));
  CHECK(trusted.contains(address("10.1.2.3:80")));
  CHECK_FALSE(trusted.contains(address("11.1.2.3:80")));
}

TEST_CASE("what is not a network is refused") {
  NetworkSet trusted;
  for (const char* wrong : {"", "host", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/8x", "10.0.0"}) {
    CHECK_FALSE(trusted.add(wrong));
  }
  CHECK(trusted.empty());
}
