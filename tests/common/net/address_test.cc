#include "common/net/address.h"

#include <string>

#include <doctest/doctest.h>

using roost::net::Address;
using roost::net::HostPort;

TEST_CASE("addresses are read and written back") {
  for (const char* text : {"127.0.0.1:8080", "[::1]:8080", "0.0.0.0:0", "[2001:db8::7]:65535"}) {
    CAPTURE(text);
    auto address = Address::parse(text);
    REQUIRE(address);
    CHECK_EQ(address->to_string(), text);
  }
  CHECK_EQ(Address::parse(":80")->to_string(), "0.0.0.0:80");
  CHECK_EQ(Address::parse("*:80")->to_string(), "0.0.0.0:80");
  for (const char* host : {"0.0.0.0", "127.0.0.1", "10.20.30.40", "255.255.255.255"})
    CHECK_EQ(Address::parse(std::string(host) + ":80")->host(), host);
  CHECK_EQ(Address::parse("[::1]:80")->host(), "::1");
  CHECK_EQ(Address::parse_or_localhost("localhost:80")->to_string(), "127.0.0.1:80");
  CHECK_EQ(Address::parse_or_localhost("[::1]:80")->to_string(), "[::1]:80");
  CHECK_FALSE(Address::parse_or_localhost("localhosts:80"));
  const auto wrong = Address::parse_or_localhost("localhost:x");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().what.find("\"localhost:x\"") != std::string::npos);
  CHECK_EQ(Address().to_string(), "none");
}

TEST_CASE("what is no address is an error that shows it") {
  for (const char* text : {"", "8080", "localhost:80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8o",
                           "::1:80", "1.2.3:80", "[::1]", "127.0.0.1:-1", "127.0.0.1:80 "}) {
    CAPTURE(text);
    auto address = Address::parse(text);
    REQUIRE_FALSE(address);
    CHECK_EQ(address.error().what.rfind('"' + std::string(text) + "\": ", 0), 0);
  }
  auto bare_v6 = Address::parse("::1:80");
  CHECK_NE(bare_v6.error().what.find("brackets"), std::string::npos);
}

TEST_CASE("equality, port and loopback") {
  Address one = *Address::parse("127.0.0.1:80");
  Address two = *Address::parse("127.0.0.1:81");
  CHECK_FALSE(one == two);
  two.set_port(80);
  CHECK(one == two);
  CHECK_FALSE(one == *Address::parse("127.0.0.2:80"));
  CHECK_FALSE(*Address::parse("[::1]:80") == *Address::parse("[::2]:80"));
  CHECK(*Address::parse("[::1]:80") == *Address::parse("[0:0::1]:80"));
  CHECK_FALSE(one == Address());
  CHECK(Address() == Address());
  CHECK(one.is_loopback());
  CHECK(Address::parse("127.9.9.9:1")->is_loopback());
  CHECK(Address::parse("[::1]:1")->is_loopback());
  CHECK_FALSE(Address::parse("128.0.0.1:1")->is_loopback());
  CHECK_FALSE(Address().is_loopback());
  CHECK_EQ(one.port(), 80);
}

TEST_CASE("an IPv4 address in IPv6 form is an IPv4 address") {
  const Address mapped = *Address::parse("[::ffff:192.0.2.7]:80");
  CHECK_EQ(mapped.to_string(), "192.0.2.7:80");
  CHECK_EQ(mapped.family(), AF_INET);
  CHECK(mapped == *Address::parse("192.0.2.7:80"));
  CHECK(Address::parse("[::ffff:127.0.0.1]:80")->is_loopback());
  CHECK_EQ(Address::parse("[::fffe:192.0.2.7]:80")->family(), AF_INET6);
}

TEST_CASE("an address is small: one stands in every connection") {
  CHECK_LE(sizeof(Address), 32);
}

TEST_CASE("host and port") {
  auto name = HostPort::parse("db.internal:5432");
  REQUIRE(name);
  CHECK_EQ(name->host, "db.internal");
  CHECK_EQ(name->port, 5432);
  CHECK_EQ(HostPort::parse("[::1]:80")->host, "::1");
  CHECK_EQ(HostPort::parse("[::1]:80")->to_string(), "[::1]:80");
  CHECK_EQ(name->to_string(), "db.internal:5432");
  for (const char* text : {"", ":80", "name", "name:", "name:0", "name:65536", "::1:80", "[]:80"}) {
    CAPTURE(text);
    CHECK_FALSE(HostPort::parse(text));
  }
}
