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

TEST_CASE("without a route that takes everything, some find none") {
  const Routes all = routes({{"", "/api"}});
  CHECK(all.find("h", "/") == nullptr);
}
