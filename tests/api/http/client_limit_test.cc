#include "api/http/client_limit.h"

#include <doctest/doctest.h>

#include "tests/support/ask.h"

using namespace roost;
using namespace roost::api;

namespace {

Request from(const char* forwarded_for) {
  Request request;
  request.client = *net::Address::parse("127.0.0.1:1");
  request.forwarded_for = forwarded_for;
  return request;
}

}  // namespace

TEST_CASE("requests are counted per address, of IPv6 per /64") {
  ClientLimit limit({.requests = 2, .window_ms = 1000, .trusted = network_set({"127.0.0.0/8"})});
  for (int i = 0; i < 2; ++i) CHECK(limit.attempt(from("203.0.113.9"), 5000) == 0);
  CHECK(limit.attempt(from("203.0.113.9"), 5000) == 500);
  CHECK(limit.attempt(from("::ffff:203.0.113.9"), 5000) == 500);  // the same address in another notation
  CHECK(limit.attempt(from("203.0.113.10"), 5000) == 0);
  for (const char* address : {"2001:db8::1", "[2001:db8:0:0:ffff::2]:7"})
    CHECK(limit.attempt(from(address), 5000) == 0);
  CHECK(limit.attempt(from("2001:db8::3"), 5000) == 500);
  CHECK(limit.attempt(from("2001:db8:0:1::1"), 5000) == 0);
}

TEST_CASE("without a limit everybody passes") {
  ClientLimit limit({});
  for (int i = 0; i < 100; ++i) CHECK(limit.attempt(from(""), 5000) == 0);
}

TEST_CASE("the answer says when to come again") {
  const Answer answer = too_many_requests("Slowly.", 1001);
  CHECK(answer.status == 429);
  CHECK(service::has_field(answer, "Retry-After", "2"));
}
