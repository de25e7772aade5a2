#include "api/http/client_address.h"

#include <string>

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::api;

namespace {

std::string client(const char* peer, std::string forwarded) {
  static const net::NetworkSet kTrusted = [] {
    net::NetworkSet set;
    for (const char* network : {"127.0.0.0/8", "::1", "10.0.0.0/8"}) REQUIRE(set.add(network));
    return set;
  }();
  Request request;
  request.client = *net::Address::parse(peer);
  request.forwarded_for = std::move(forwarded);
  return client_address(request, kTrusted).to_string();
}

}  // namespace

TEST_CASE("who is not a trusted proxy speaks for nobody else") {
  CHECK(client("203.0.113.9:1234", "") == "203.0.113.9");
  CHECK(client("203.0.113.9:1234", "198.51.100.1") == "203.0.113.9");
}

TEST_CASE("behind trusted proxies it is the last address that is none of theirs") {
  CHECK(client("127.0.0.1:1", "198.51.100.1") == "198.51.100.1");
  CHECK(client("127.0.0.1:1", "1.1.1.1, 198.51.100.1") == "198.51.100.1");
  CHECK(client("127.0.0.1:1", "1.1.1.1, 198.51.100.1, 10.0.0.7") == "198.51.100.1");
  CHECK(client("[::1]:1", "198.51.100.1:4711") == "198.51.100.1");
  CHECK(client("127.0.0.1:1", "10.0.0.8, 10.0.0.7") == "10.0.0.8");
  CHECK(client("127.0.0.1:1", "") == "127.0.0.1");
}

TEST_CASE("what is no address ends the search") {
  CHECK(client("127.0.0.1:1", "198.51.100.1, unknown") == "127.0.0.1");
  CHECK(client("127.0.0.1:1", "198.51.100.1, :80, 10.0.0.7") == "10.0.0.7");
  CHECK(client("127.0.0.1:1", "*") == "127.0.0.1");
}

TEST_CASE("an IPv6 client is its network") {
  CHECK(client("127.0.0.1:1", "2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::");
  CHECK(client("127.0.0.1:1", "[2001:db8:1:2::9]:443") == "2001:db8:1:2::");
  CHECK(client("127.0.0.1:1", "[2001:db8:1:2::9]") == "2001:db8:1:2::");
  CHECK(client("[2001:db8:1:3::1]:9", "") == "2001:db8:1:3::");
}
