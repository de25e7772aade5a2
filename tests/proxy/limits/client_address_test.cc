#include "proxy/limits/client_address.h"

#include <string>

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::proxy;

namespace {

std::string client_of(const std::string& peer, std::initializer_list<const char*> forwarded) {
  net::NetworkSet trusted;
  REQUIRE(trusted.add("10.0.0.0/8"));
  REQUIRE(trusted.add("fd00::/8"));
  http::Fields fields;
  for (const char* value : forwarded) fields.add("X-Forwarded-For", value);
  return client_address(*net::Address::parse(peer), fields, trusted).host();
}

}  // namespace

TEST_CASE("a peer that is no trusted proxy is the client, whatever it says") {
  CHECK(client_of("192.0.2.1:5", {}) == "192.0.2.1");
  CHECK(client_of("192.0.2.1:5", {"198.51.100.7"}) == "192.0.2.1");
}

TEST_CASE("of a trusted proxy's list, the last that is not a trusted proxy") {
  CHECK(client_of("10.0.0.1:5", {}) == "10.0.0.1");
  CHECK(client_of("10.0.0.1:5", {"198.51.100.7"}) == "198.51.100.7");
  CHECK(client_of("10.0.0.1:5", {"203.0.113.9, 198.51.100.7"}) == "198.51.100.7");
  CHECK(client_of("10.0.0.1:5", {"203.0.113.9", "198.51.100.7 ,10.2.2.2"}) == "198.51.100.7");
  CHECK(client_of("10.0.0.1:5", {"10.3.3.3, 10.2.2.2"}) == "10.3.3.3");
  CHECK(client_of("10.0.0.1:5", {"2001:db8::7"}) == "2001:db8::7");
  CHECK(client_of("[fd00::1]:5", {"[2001:db8::7]:443"}) == "2001:db8::7");
  CHECK(client_of("10.0.0.1:5", {"198.51.100.7:6000"}) == "198.51.100.7");
}

TEST_CASE("what is no address ends the list") {
  CHECK(client_of("10.0.0.1:5", {"unknown"}) == "10.0.0.1");
  CHECK(client_of("10.0.0.1:5", {""}) == "10.0.0.1");
  CHECK(client_of("10.0.0.1:5", {"198.51.100.7, , 10.2.2.2"}) == "10.2.2.2");
  CHECK(client_of("10.0.0.1:5", {"198.51.100.7, [::1"}) == "10.0.0.1");
}
