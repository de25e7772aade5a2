#include "common/service/bearer_token.h"

#include <doctest/doctest.h>

using namespace roost::service;

TEST_CASE("the bearer token of a request") {
  Request request;
  CHECK(bearer_token(request).empty());
  request.authorization = "Bearer abc";
  CHECK(bearer_token(request) == "abc");
  request.authorization = "bEARER abc";
  CHECK(bearer_token(request) == "abc");
  for (const char* other : {"Bearer", "Bearer ", "Basic abc", "abc", "Bearerabc"}) {
    request.authorization = other;
    CHECK(bearer_token(request).empty());
  }
}

TEST_CASE("secrets are equal as a whole or not at all") {
  CHECK(is_same_secret("", ""));
  CHECK(is_same_secret("abc", "abc"));
  for (const char* other : {"", "ab", "abcd", "abd", "Abc"}) CHECK_FALSE(is_same_secret("abc", other));
}
