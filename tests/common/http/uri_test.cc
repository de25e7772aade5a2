#include "common/http/uri.h"

#include <doctest/doctest.h>

using namespace roost::http;

TEST_CASE("percent escapes") {
  CHECK(percent_decode("a%20b") == "a b");
  CHECK(percent_decode("a+b") == "a+b");
  CHECK(percent_decode("a+b", true) == "a b");
  CHECK(percent_decode("%c3%A9") == "\xC3\xA9");
  CHECK_FALSE(percent_decode("%"));
  CHECK_FALSE(percent_decode("%4"));
  CHECK_FALSE(percent_decode("%zz"));
  CHECK_FALSE(percent_decode("a%00b"));
}

TEST_CASE("the normal form of an authority") {
  std::string storage;
  CHECK(normal_authority("http", "shop.test", storage) == "shop.test");
  CHECK(normal_authority("http", "SHOP.test:80", storage) == "shop.test");
  CHECK(normal_authority("http", "shop.test:8080", storage) == "shop.test:8080");
  CHECK(normal_authority("http", "shop.test:443", storage) == "shop.test:443");
  CHECK(normal_authority("https", "shop.test:443", storage) == "shop.test");
  CHECK(normal_authority("https", "Shop.test:80", storage) == "shop.test:80");
  CHECK(normal_authority("http", "[2001:DB8::1]:80", storage) == "[2001:db8::1]");
  CHECK(normal_authority("http", "", storage) == "");
}
