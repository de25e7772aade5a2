#include "proxy/runtime/site.h"

#include <algorithm>

#include "common/base/check.h"
#include "proxy/config/backend_spec.h"
#include "proxy/config/default_ttl.h"

namespace roost::proxy {

namespace {

http::ServerLimits make_server_limits(const ProxySection& proxy) {
  http::ServerLimits limits;
  limits.max_head_bytes = static_cast<size_t>(proxy.max_head_bytes);
  limits.max_body_bytes = static_cast<uint64_t>(proxy.max_body_bytes);
  limits.idle_timeout_ms = proxy.client_idle_timeout_ms;
  return limits;
}

ConnectionPoolOptions make_connection_options(const ProxySection& proxy) {
  ConnectionPoolOptions options;
  options.max_idle = static_cast<size_t>(proxy.max_idle_connections);
  options.idle_timeout_ms = proxy.backend_idle_timeout_ms;
  options.limits.connect_timeout_ms = proxy.connect_timeout_ms;
  options.limits.head_timeout_ms = proxy.backend_timeout_ms;
  options.limits.body_idle_timeout_ms = proxy.backend_timeout_ms;
  return options;
}

}  // namespace

Site::Site(const Config& c, BackendRegistry& registry)
    : config(c),
      routes({}),
      error_pages(c.error_pages),
      server_limits(make_server_limits(c.proxy)),
      connections(make_connection_options(c.proxy)) {
  for (const PoolSection& section : config.pools) pools.push_back(make_pool(section, registry));
  routes = Routes(make_routes());
  for (const std::string& network : config.proxy.trusted_proxies) ROOST_CHECK(trusted.add(network));
}

std::unique_ptr<Pool> Site::make_pool(const PoolSection& section, BackendRegistry& registry) {
  HealthSection health_section = section.health;
  health_section.inherit(config.health);
  const HealthOptions health = health_section.options();
  std::vector<PoolMember> members;
  for (const std::string& text : section.backends) {
    const auto spec = BackendSpec::parse(text);
    ROOST_CHECK(spec);  // the configuration was checked
    auto backend = registry.at(spec->host, health);
    members.push_back({backend.get(), spec->weight});
    if (std::find(backends.begin(), backends.end(), backend) == backends.end()) backends.push_back(std::move(backend));
  }
  return std::make_unique<Pool>(static_cast<uint32_t>(pools.size()), section.name, *parse_balance(section.balance),
                                std::move(members), health);
}

std::vector<Route> Site::make_routes() const {
  std::vector<Route> made;
  for (const RouteSection& section : config.routes) {
    const auto pool =
        std::find_if(pools.begin(), pools.end(), [&](const auto& each) { return each->name() == section.pool; });
    ROOST_CHECK(pool != pools.end());
    const std::string& ttl = section.default_ttl.empty() ? config.cache.default_ttl : section.default_ttl;
    const auto default_lifetime = parse_default_ttl(ttl);
    ROOST_CHECK(default_lifetime);  // the configuration was checked
    made.push_back({section.host,
                    section.path,
                    pool->get(),
                    section.cache,
                    {*default_lifetime, section.cache_with_cookies, section.cache_with_authorization},
                    section.ignore_client_cache_control});
  }
  return made;
}

}  // namespace roost::proxy
