#include "proxy/runtime/site.h"

#include <algorithm>

#include "common/base/check.h"
#include "proxy/config/backend_spec.h"
#include "proxy/config/cache_section.h"

namespace roost::proxy {

namespace {

http::ServerLimits make_server_limits(const ProxySection& proxy, const LimitsSection& client) {
  http::ServerLimits limits;
  limits.first_request_timeout_ms = client.first_request_timeout_ms;
  limits.head_timeout_ms = client.request_head_timeout_ms;
  limits.body_idle_timeout_ms = client.request_body_timeout_ms;
  limits.body_rate.bytes_per_s = static_cast<uint64_t>(client.min_body_rate_bytes);
  limits.body_rate.grace_ms = client.min_body_rate_grace_ms;
  limits.send.rate.bytes_per_s = static_cast<uint64_t>(client.min_send_rate_bytes);
  limits.send.rate.grace_ms = client.min_send_rate_grace_ms;
  limits.max_requests = static_cast<uint32_t>(client.max_requests_per_connection);
  limits.max_head_bytes = static_cast<size_t>(proxy.max_head_bytes);
  limits.max_body_bytes = static_cast<uint64_t>(proxy.max_body_bytes);
  limits.idle_timeout_ms = proxy.client_idle_timeout_ms;
  return limits;
}

ConnectionPoolOptions make_connection_options(const ProxySection& proxy) {
  ConnectionPoolOptions options;
  options.max_idle = static_cast<size_t>(proxy.max_idle_connections);
  options.idle_timeout_ms = proxy.backend_idle_timeout_ms;
  options.limits.connect_timeout_ms = proxy.timeouts.connect_ms;
  options.limits.head_timeout_ms = proxy.timeouts.first_byte_ms;
  options.limits.body_idle_timeout_ms = proxy.timeouts.between_bytes_ms;
  return options;
}

QueueLimits make_queue_limits(const PoolSection& section) {
  return {static_cast<uint32_t>(section.max_active_requests), static_cast<size_t>(section.queue_size),
          section.queue_timeout_ms};
}

CallPolicy make_call_policy(const RouteSection& section, const ProxySection& proxy) {
  CallTimeouts times = section.timeouts;
  inherit_timeouts(times, proxy.timeouts);
  CallPolicy policy;
  policy.timeouts = {times.connect_ms, times.first_byte_ms, times.between_bytes_ms};
  policy.whole_ms = times.request_ms;
  policy.shared_wait_ms = times.shared_fetch_ms;
  auto retry_on = RetryOn::parse(section.retry_on);
  ROOST_CHECK(retry_on);  // the configuration was checked
  policy.retry_on = std::move(*retry_on);
  policy.gather = section.buffer_requests == "all"   ? Gather::all
                  : section.buffer_requests == "off" ? Gather::off
                                                     : Gather::small;
  return policy;
}

}  // namespace

Site::Site(const Config& c, BackendRegistry& registry)
    : config(c),
      routes({}),
      error_pages(c.error_pages),
      server_limits(make_server_limits(c.proxy, c.limits)),
      connections(make_connection_options(c.proxy)),
      spool(std::make_unique<BodySpool>(c.proxy.request_buffer.directory,
                                        static_cast<uint64_t>(c.proxy.request_buffer.bytes))) {
  for (const PoolSection& section : config.pools) pools.push_back(make_pool(section, registry));
  routes = Routes(make_routes());
  request_rate = RequestRate::parse(config.limits.request_rate, config.limits.request_burst);
  has_rates = request_rate.is_set() || std::any_of(routes.all().begin(), routes.all().end(),
                                                   [](const Route& route) { return route.request_rate.is_set(); });
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
                                std::move(members), health, make_queue_limits(section));
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
                    section.ignore_client_cache_control,
                    RequestRate::parse(section.request_rate, section.request_burst),
                    static_cast<uint32_t>(made.size() + 1),
                    make_call_policy(section, config.proxy)});
  }
  return made;
}

}  // namespace roost::proxy
