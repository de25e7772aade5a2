#include "proxy/upstream/backend_host.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::proxy;

namespace {

std::vector<net::Address> addresses(std::initializer_list<int> last_bytes) {
  std::vector<net::Address> made;
  for (const int byte : last_bytes) made.push_back(*net::Address::parse("10.0.0." + std::to_string(byte) + ":80"));
  return made;
}

}  // namespace

TEST_CASE("each address of a name is a backend, which it keeps as long as it stays") {
  BackendHost host(2, {"api.internal", 80});
  CHECK(host.count() == 0);
  CHECK_FALSE(host.resolved());
  CHECK(host.set_addresses(addresses({1, 2, 3})));
  REQUIRE(host.count() == 3);
  CHECK(host.at(1).id() == 2 * BackendHost::kMaxAddresses + 1);
  Backend& second = host.at(1);
  second.begin_request();
  second.statistics().requests.fetch_add(5);
  second.eject(0, "why");
  CHECK_FALSE(host.set_addresses(addresses({3, 1, 2})));
  CHECK(host.set_addresses(addresses({2, 4})));
  CHECK(second.address() == addresses({2})[0]);
  CHECK(second.active() == 1);
  CHECK(second.ejected());
  CHECK(second.statistics().requests.load() == 5);
  CHECK(host.count() == 3);  // the new one took the place of the first
  CHECK(host.at(0).address() == addresses({4})[0]);
  CHECK_FALSE(host.at(2).resolved());
}

TEST_CASE("a backend with requests under way is not given another address") {
  BackendHost host(0, {"api.internal", 80});
  host.set_addresses(addresses({1}));
  host.at(0).begin_request();
  host.set_addresses(addresses({2}));
  CHECK(host.count() == 2);
  CHECK(host.at(1).address() == addresses({2})[0]);
  host.at(0).end_request();
  host.set_addresses(addresses({2, 3}));
  CHECK(host.count() == 2);
  CHECK(host.at(0).address() == addresses({3})[0]);
}

TEST_CASE("an address that is named twice is one backend, and addresses beyond the limit are left out") {
  BackendHost host(0, {"api.internal", 80});
  host.set_addresses(addresses({1, 1, 2}));
  CHECK(host.count() == 2);
  std::vector<net::Address> many;
  for (int i = 1; i <= 100; ++i) many.push_back(addresses({i})[0]);
  CHECK(host.set_addresses(many));
  CHECK(host.count() == BackendHost::kMaxAddresses);
  CHECK(host.set_addresses({}));
  CHECK_FALSE(host.resolved());
}
