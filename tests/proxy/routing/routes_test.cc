#include "proxy/routing/routes.h"

#include <doctest/doctest.h>

using namespace roost::proxy;

namespace {

Routes routes(std::initializer_list<std::pair<const char*, const char*>> host_and_path) {
  std::vector<Route> all;
  for (const auto& [host, path] : host_and_path) {
    Route route;
    route.host = host;
    route.path = path;
    all.push_back(route);
  }
  return Routes(std::move(all));
}

}  // namespace

TEST_CASE("the longest path wins, at a segment's border") {
  const Routes all = routes({{"", "/"}, {"", "/api/"}, {"", "/api/logs"}});
  CHECK(all.find("h", "/")->path == "");
  CHECK(all.find("h", "/apis")->path == "");
  CHECK(all.find("h", "/api")->path == "/api");
  CHECK(all.find("h", "/api/x")->path == "/api");
  CHECK(all.find("h", "/api/logs")->path == "/api/logs");
  CHECK(all.find("h", "/api/logs/1")->path == "/api/logs");
  CHECK(all.find("h", "*")->path == "");
}

TEST_CASE("a route of the host goes before one of any") {
  const Routes all = routes({{"", "/"}, {"shop.example", "/"}, {"[::1]", "/v6"}});
  CHECK(all.find("Shop.Example:8080", "/")->host == "shop.example");
  CHECK(all.find("shop.example", "/")->host == "shop.example");
  CHECK(all.find("other.example", "/")->host == "");
  CHECK(all.find("[::1]:80", "/v6")->host == "[::1]");
  CHECK(all.find("[::1]", "/v6")->host == "[::1]");
}

TEST_CASE("a host with the root's dot is that host") {
  const Routes all = routes({{"", "/"}, {"shop.example", "/"}});
  CHECK(all.find("shop.example.", "/")->host == "shop.example");
  CHECK(all.find("shop.example.:80", "/")->host == "shop.example");
}

TEST_CASE("without a route that takes everything, some find none") {
  const Routes all = routes({{"", "/api"}});
  CHECK(all.find("h", "/") == nullptr);
}

namespace {

Routes guarded() {
  Route whole, account, nested;
  account.path = "/account";
  nested.path = "/shop/%62asket/";
  account.cache = nested.cache = false;
  return Routes({whole, account, nested});
}

}  // namespace

TEST_CASE("a path is matched in normal form") {
  const Routes all = guarded();
  for (const char* path : {"/account", "/account/", "/%61ccount", "/%61%63count/x", "//account", "///account//x",
                           "/./account", "/x/../account", "/x/%2e%2e/account", "/x/%2E./account", "/../account",
                           "/account;a=1", "/account;a=1/x", "/x;y/..;z/account", "/account/.", "/account/x/.."}) {
    CAPTURE(path);
    CHECK(all.find("h", path)->path == "/account");
    CHECK_FALSE(all.find("h", path)->cache);
  }
  CHECK(all.find("h", "/shop/basket")->path == "/shop/basket");
  CHECK(all.find("h", "/shop//b%61sket/x")->path == "/shop/basket");
  for (const char* path : {"/accounts", "/a/../b", "/%61", "/x;account", "/x//y", "/a%2Fb"}) {
    CAPTURE(path);
    CHECK(all.find("h", path)->path == "");
    CHECK(all.find("h", path)->cache);
  }
}

TEST_CASE("a path that some backend may read as one without a cache has none") {
  const Routes all = guarded();
  for (const char* path : {"/account%2f",
                           "/account%2Fx",
                           "/%2faccount",
                           "/x%2f..%2faccount",
                           "/x/..%5Caccount",
                           "/x\\..\\account",
                           "/account%3bx",
                           "/account%00",
                           "/account%00.css",
                           "/account%3Fx.css",
                           "/account%23",
                           "/%2561ccount",
                           "/%252561ccount",
                           "/x%252f..%252faccount",
                           "/account/../public",
                           "/account/..;/public",
                           "/account/%2e%2e/public",
                           "/q/../account//..",
                           "/account//../x",
                           "/p//../account",
                           "/x/..%2f/account",
                           "/shop/y/../basket",
                           "/shop%2fbasket",
                           "/shop//../shop%2f.%2fbasket"}) {
    CAPTURE(path);
    CHECK_FALSE(all.find("h", path)->cache);
  }
  for (const char* path : {"/accounts%2f", "/shop%2fx", "/basket%2fshop", "/a%2Fccount", "/%2561ccounts"}) {
    CAPTURE(path);
    CHECK(all.find("h", path)->cache);
  }
}

TEST_CASE("a path that decodes to one without a route has none") {
  const Routes all = routes({{"", "/pub"}});
  CHECK(all.find("h", "/pub/x%2Fy")->path == "/pub");
  CHECK(all.find("h", "/pub/./x")->path == "/pub");
  for (const char* path : {"/pub/../admin", "/pub/..%2fadmin", "/pub/%2e%2e/admin", "/pub/..;/admin", "/pub%2f",
                           "/pub/..%5cadmin", "/pub/..%252fadmin"}) {
    CAPTURE(path);
    CHECK(all.find("h", path) == nullptr);
  }
}
