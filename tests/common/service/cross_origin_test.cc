#include "common/service/cross_origin.h"

#include <string>

#include <doctest/doctest.h>

using namespace roost::service;

namespace {

bool crosses(std::string origin, std::string authority = "example.org", std::string forwarded_host = "") {
  Request request;
  request.origin = std::move(origin);
  request.authority = std::move(authority);
  request.forwarded_host = std::move(forwarded_host);
  return is_cross_origin(request);
}

}  // namespace

TEST_CASE("programs, which send no Origin, and pages of the same origin do not cross") {
  CHECK_FALSE(crosses(""));
  CHECK_FALSE(crosses("http://example.org"));
  CHECK_FALSE(crosses("https://example.org"));  // TLS may end before us
  CHECK_FALSE(crosses("http://EXAMPLE.org", "example.ORG:80"));
  CHECK_FALSE(crosses("https://example.org", "example.org:443"));
  CHECK_FALSE(crosses("http://127.0.0.1:8080", "127.0.0.1:8080"));
  CHECK_FALSE(crosses("http://[::1]:8080", "[::1]:8080"));
  CHECK_FALSE(crosses("https://shop.example", "127.0.0.1:8080", "shop.example"));  // the proxy in front rewrote Host
}

TEST_CASE("pages of any other origin do") {
  CHECK(crosses("https://evil.example"));
  CHECK(crosses("https://example.org.evil.example"));
  CHECK(crosses("https://evil.example.org"));
  CHECK(crosses("http://example.org:8080"));
  CHECK(crosses("http://example.org:443"));
  CHECK(crosses("http://localhost:3000", "localhost:8080"));
  CHECK(crosses("null"));
  CHECK(crosses("x"));
  CHECK(crosses("http://", ""));
}

TEST_CASE("where the browser says it itself, that counts") {
  Request request;
  request.authority = "127.0.0.1:8080";
  request.origin = "https://example.org";
  request.fetch_site = FetchSite::same_origin;  // a proxy in front rewrote Host and does not tell
  CHECK_FALSE(is_cross_origin(request));
  request.fetch_site = FetchSite::none;
  CHECK_FALSE(is_cross_origin(request));
  request.origin = "";
  request.fetch_site = FetchSite::foreign;
  CHECK(is_cross_origin(request));
}

TEST_CASE("the host of an authority, and whether it is this machine") {
  CHECK(host_of("example.org:8080") == "example.org");
  CHECK(host_of("example.org") == "example.org");
  CHECK(host_of("[::1]:80") == "::1");
  CHECK(host_of("[::1]") == "::1");
  CHECK(host_of("").empty());
  for (const char* own : {"localhost", "LocalHost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"}) {
    CHECK(is_loopback_host(own));
  }
  for (const char* other : {"", "localhost.example", "mylocalhost", "0.0.0.0", "10.0.0.1", "::2", "127.0.0.1.nip.io"}) {
    CAPTURE(other);
    CHECK_FALSE(is_loopback_host(other));
  }
}
