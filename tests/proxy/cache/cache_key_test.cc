#include "proxy/cache/cache_key.h"

#include <string>

#include <doctest/doctest.h>

using roost::http::Fields;
using roost::http::RequestHead;
using roost::proxy::append_variant;
using roost::proxy::CacheKey;

namespace {

CacheKey left_over() {
  CacheKey key;
  key.assign("https", "left", "/over");
  key.set_variant("\naccept=x");
  return key;
}

std::string key_of(std::string_view authority, std::string_view target) {
  RequestHead head;
  head.authority = authority;
  head.target = target;
  CacheKey key = left_over();
  key.assign(head);
  return std::string(key.text());
}

std::string key_of_url(std::string_view url) {
  CacheKey key = left_over();
  return key.assign_url(url) ? std::string(key.text()) : "(none)";
}

std::string variant(std::string_view vary, const Fields& request) {
  std::string key = "k";
  append_variant(vary, request, key);
  return key.substr(1);
}

Fields fields(std::initializer_list<std::pair<const char*, const char*>> lines) {
  Fields result;
  for (const auto& [name, value] : lines) result.add(name, value);
  return result;
}

}  // namespace

TEST_CASE("the primary key: host without case and default port, target as it is") {
  struct Row {
    const char *authority, *target, *key;
  };
  const Row rows[] = {
      {"Example.ORG", "/a?B=C", "example.org/a?B=C"},
      {"example.org:80", "/", "example.org/"},
      {"example.org:8080", "/", "example.org:8080/"},
      {"example.org:180", "/", "example.org:180/"},
      {"[::1]:80", "/x", "[::1]/x"},
      {"[2001:DB8::80]", "/x", "[2001:db8::80]/x"},
      {"", "/x", "/x"},
      {"h", "/a%2Fb", "h/a%2Fb"},
      {"h", "/a?", "h/a?"},
  };
  for (const Row& row : rows) CHECK_EQ(key_of(row.authority, row.target), row.key);
}

TEST_CASE("a URL has the key of its request") {
  CHECK_EQ(key_of_url("http://Example.org:80/a?b"), "example.org/a?b");
  CHECK_EQ(key_of_url("HTTP://h:81"), "h:81/");
  CHECK_EQ(key_of_url("http://h?x=1"), "h/?x=1");
  CHECK_EQ(key_of_url("http://h/a#part"), "h/a");
  CHECK_EQ(key_of_url("http://h#part"), "h/");
  for (const char* url :
       {"", "http", "http:", "https://", "http://", "http:///a", "ftp://h/", "/a", "h/a", "httpx://h"})
    CHECK_EQ(key_of_url(url), "(none)");
}

TEST_CASE("http and https are two origins") {
  CHECK_EQ(key_of_url("https://Example.org/a?b"), "https example.org/a?b");
  CHECK_EQ(key_of_url("HTTPS://h:443/"), "https h/");
  CHECK_EQ(key_of_url("https://h:80?x"), "https h:80/?x");
  CHECK_EQ(key_of_url("http://h:443/"), "h:443/");
  CHECK_EQ(key_of_url("http://https/"), "https/");  // a host of that name
  CacheKey key;
  key.assign("https", "h", "/a");
  CHECK_EQ(key.text(), key_of_url("https://h/a"));
  CHECK_EQ(key.origin(), "https h");
}

TEST_CASE("the parts of a key") {
  CacheKey key;
  CHECK(key.empty());
  REQUIRE(key.assign_url("http://h:81/a/b?c"));
  CHECK_EQ(key.url(), "h:81/a/b?c");
  CHECK_EQ(key.origin(), "h:81");
  CHECK_FALSE(key.is_variant());
  key.select_variant("Accept", fields({{"Accept", "x"}}));
  CHECK(key.is_variant());
  CHECK_EQ(key.variant(), "\naccept=x");
  CHECK_EQ(key.text(), "h:81/a/b?c\naccept=x");
  CHECK_EQ(CacheKey::url_of(key.text()), key.url());
  CHECK_EQ(CacheKey::origin_of(key.text()), key.origin());
  key.select_variant("Accept", fields({}));  // in place of the other
  CHECK_EQ(key.variant(), "\naccept");
  key.set_variant("\n=y");
  CHECK_EQ(key.text(), "h:81/a/b?c\n=y");
  key.drop_variant();
  CHECK_EQ(key.text(), key.url());
  key.clear();
  CHECK(key.empty());
  CHECK(key.url().empty());
}

TEST_CASE("a buffer that is used again does not grow anew") {
  RequestHead head;
  head.authority = "example.org";
  head.target = "/some/path?and=query";
  CacheKey key;
  key.assign(head);
  const char* buffer = key.text().data();
  key.assign(head);
  CHECK_EQ(key.text().data(), buffer);
}

TEST_CASE("what selects a variant (RFC 9111 §4.1)") {
  CHECK_EQ(variant("", fields({{"Accept", "x"}})), "");
  CHECK_EQ(variant("Accept-Encoding", fields({{"accept-encoding", "br"}})), "\naccept-encoding=br");
  SUBCASE("an absent field is not an empty one") {
    CHECK_NE(variant("Accept", fields({})), variant("Accept", fields({{"Accept", ""}})));
  }
  SUBCASE("white space and lines do not matter") {
    const std::string one = variant("Accept", fields({{"Accept", "a, b"}}));
    CHECK_EQ(one, variant("accept", fields({{"Accept", "a ,\t b"}})));
    CHECK_EQ(one, variant("Accept", fields({{"Accept", "a"}, {"X", "y"}, {"Accept", "b"}})));
    CHECK_NE(one, variant("Accept", fields({{"Accept", "b, a"}})));
    CHECK_NE(variant("A", fields({{"A", "a b"}})), variant("A", fields({{"A", "ab"}})));
  }
  SUBCASE("values of several fields cannot run into each other") {
    CHECK_NE(variant("A, B", fields({{"A", "1"}})), variant("A, B", fields({{"B", "1"}})));
    CHECK_NE(variant("A", fields({{"A", "1"}})), variant("B", fields({{"B", "1"}})));
    CHECK_NE(variant("A, B", fields({{"A", "x=y"}, {"B", ""}})), variant("A, B", fields({{"A", "x"}, {"B", "y"}})));
  }
}
