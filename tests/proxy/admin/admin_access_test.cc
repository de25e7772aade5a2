#include "proxy/admin/admin_access.h"

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::proxy;
using http::Method;
using service::FetchSite;
using service::Request;

namespace {

Request to(std::string authority, Method method = Method::get, std::string path = "/status") {
  Request request;
  request.method = method;
  request.authority = std::move(authority);
  request.path = std::move(path);
  return request;
}

int refusal(const Request& request, AdminAccess::Rules rules = {}) {
  const auto refused = AdminAccess(std::move(rules)).refuse(request);
  return refused ? refused->status : 0;
}

}  // namespace

TEST_CASE("the admin listener is asked by an address, localhost, or a configured name") {
  for (const char* own : {"127.0.0.1:8081", "10.0.0.7:8081", "[::1]:8081", "[fd00::7]:8081", "localhost:8081", ""}) {
    CAPTURE(own);
    CHECK(refusal(to(own)) == 0);
    CHECK(refusal(to(own, Method::post, "/purge")) == 0);
  }
  for (const char* other : {"evil.example:8081", "127.0.0.1.evil.example", "localhost.evil.example", "roost:8081"}) {
    CAPTURE(other);
    CHECK(refusal(to(other)) == 421);
    CHECK(refusal(to(other, Method::post, "/purge")) == 421);
  }
  CHECK(refusal(to("Roost:8081"), {{"x", "roost"}, ""}) == 0);
  CHECK(refusal(to("shop.example", Method::purge, "/a")) == 0);  // what is purged, not who is asked
  CHECK(refusal(to("evil.example", Method::get, "/healthz")) == 0);
}

TEST_CASE("pages of other origins do not use it") {
  Request request = to("127.0.0.1:8081", Method::post, "/purge");
  request.origin = "https://evil.example";
  CHECK(refusal(request) == 403);
  request.origin = "http://127.0.0.1:8081";
  CHECK(refusal(request) == 0);
  request.fetch_site = FetchSite::foreign;
  request.is_navigation = true;  // a form
  CHECK(refusal(request) == 403);
  Request read = to("127.0.0.1:8081");
  read.fetch_site = FetchSite::foreign;  // a script or an image
  CHECK(refusal(read) == 403);
  read.is_navigation = true;  // a link in a wiki
  CHECK(refusal(read) == 0);
  Request purge = to("shop.example", Method::purge, "/a");
  purge.origin = "https://evil.example";
  CHECK(refusal(purge) == 403);
}

TEST_CASE("with a token it asks for it") {
  const AdminAccess::Rules rules{{}, "s3cret"};
  Request request = to("127.0.0.1:8081");
  CHECK(refusal(request, rules) == 401);
  request.authorization = "Bearer s3cre";
  CHECK(refusal(request, rules) == 401);
  request.authorization = "Bearer s3cret";
  CHECK(refusal(request, rules) == 0);
  CHECK(refusal(to("shop.example", Method::purge, "/a"), rules) == 401);
  CHECK(refusal(to("127.0.0.1:8081", Method::get, "/healthz"), rules) == 0);
}
