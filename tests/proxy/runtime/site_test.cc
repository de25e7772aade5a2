#include "proxy/runtime/site.h"

#include <doctest/doctest.h>

#include "proxy/config/config_loader.h"
#include "proxy/runtime/backend_registry.h"

using namespace roost;
using namespace roost::proxy;

namespace {

Config parse(std::string_view toml) {
  ConfigLoader loader;
  loader.load_text(toml);
  for (const auto& problem : loader.problems()) FAIL(problem.to_string());
  return loader.config();
}

/// A configuration of one pool "p".
Config pool_of(const std::string& backends) {
  return parse("[[pool]]\nname = \"p\"\nbackends = [" + backends + "]\n");
}

}  // namespace

TEST_CASE("a site has the pools, routes, networks and limits of its configuration") {
  BackendRegistry registry;
  const Site site(parse(R"([proxy]
trusted_proxies = ["10.0.0.0/8"]
max_head_size = "4KiB"
client_idle_timeout = "7s"
connect_timeout = "3s"
max_idle_connections = 5
[[pool]]
name = "a"
balance = "round_robin"
backends = ["h:1 weight=3", "h:2"]
[[pool]]
name = "b"
backends = ["h:2 weight=2"]
[[route]]
pool = "a"
[[route]]
path = "/b"
pool = "b"
cache = false
default_ttl = "heuristic"
cache_with_cookies = true
cache_with_authorization = false
)"),
                  registry);
  REQUIRE(site.pools.size() == 2);
  CHECK(site.pools[0]->name() == "a");
  CHECK(site.pools[0]->policy_name() == "round_robin");
  CHECK(site.pools[0]->members()[0].weight == 3);
  CHECK(site.pools[1]->id() == 1);
  CHECK(site.routes.find("any", "/b/c")->pool == site.pools[1].get());
  CHECK_FALSE(site.routes.find("any", "/b/c")->cache);
  const StoringRules& storing = site.routes.find("any", "/b/c")->storing;
  CHECK(storing.default_lifetime.rule == DefaultLifetime::Rule::heuristic);
  CHECK(storing.with_cookies);
  CHECK_FALSE(storing.with_authorization);
  CHECK(site.routes.find("any", "/")->storing.default_lifetime.fixed_ms == 60'000);
  CHECK_FALSE(site.routes.find("any", "/")->storing.with_cookies);
  CHECK(site.routes.find("any", "/")->storing.with_authorization);
  CHECK(site.routes.find("any", "/")->pool == site.pools[0].get());
  CHECK(site.trusted.contains(*net::Address::parse("10.1.2.3:1")));
  CHECK_FALSE(site.trusted.contains(*net::Address::parse("11.1.2.3:1")));
  CHECK(site.server_limits.max_head_bytes == 4'096);
  CHECK(site.server_limits.idle_timeout_ms == 7'000);
  CHECK(site.connections.limits.connect_timeout_ms == 3'000);
  CHECK(site.connections.max_idle == 5);
}

TEST_CASE("pools share a backend they both name, each with a weight of its own") {
  BackendRegistry registry;
  const Site site(parse("[[pool]]\nname = \"a\"\nbackends = [\"h:1\", \"h:2 weight=4\"]\n"
                        "[[pool]]\nname = \"b\"\nbackends = [\"h:2\"]\n[[route]]\npool = \"a\"\n"),
                  registry);
  REQUIRE(site.backends.size() == 2);
  CHECK(site.pools[0]->members()[1].backend == site.pools[1]->members()[0].backend);
  CHECK(site.pools[0]->members()[1].weight == 4);
  CHECK(site.pools[1]->members()[0].weight == 1);
}

TEST_CASE("backends outlive the site while another one names them, with health and counters") {
  BackendRegistry registry;
  auto first = std::make_shared<const Site>(pool_of("\"10.0.0.1:80\", \"10.0.0.2:80\""), registry);
  Backend& kept = *first->backends[1];
  kept.set_addresses({*net::Address::parse("10.0.0.2:80")});
  kept.report_connect_failure(kept.current_address());
  CHECK(kept.down());
  kept.begin_request();
  CHECK(registry.in_use() == 2);

  auto second = std::make_shared<const Site>(pool_of("\"10.0.0.2:80 weight=2\", \"10.0.0.3:80\""), registry);
  CHECK(second->backends[0].get() == &kept);
  CHECK(second->backends[1]->id() == 2);  // the ids of backends in use are not given again
  CHECK(registry.in_use() == 3);
  first.reset();
  CHECK(registry.in_use() == 2);
  CHECK(kept.down());
  CHECK(kept.active() == 1);
  CHECK(kept.statistics().connect_failures.load() == 1);

  const Site third(pool_of("\"10.0.0.4:80\""), registry);
  CHECK(third.backends[0]->id() == 0);  // that of 10.0.0.1, which is gone
  kept.end_request();
  second.reset();
  CHECK(registry.in_use() == 1);
  // One that comes back starts afresh.
  CHECK_FALSE(Site(pool_of("\"10.0.0.2:80\""), registry).backends[0]->down());
}
