#include "proxy/runtime/shared_state.h"

#include <map>

#include "common/base/check.h"

namespace roost::proxy {

namespace {

HttpCache::Options cache_options(const CacheSection& cache) {
  HttpCache::Options options;
  options.limit_bytes = static_cast<uint64_t>(cache.size_bytes);
  options.max_object_bytes = static_cast<uint64_t>(cache.max_object_bytes);
  return options;
}

std::vector<Backend*> make_backends(const PoolSection& pool, std::vector<std::unique_ptr<Backend>>& all) {
  std::vector<Backend*> own;
  for (const std::string& text : pool.backends) {
    const auto spec = BackendSpec::parse(text);
    ROOST_CHECK(spec);  // the configuration was checked
    all.push_back(std::make_unique<Backend>(static_cast<uint32_t>(all.size()), spec->host, spec->weight));
    own.push_back(all.back().get());
  }
  return own;
}

}  // namespace

SharedState::SharedState(const Config& c, observe::EventLog& event_log)
    : config(c), events(event_log), cache(cache_options(c.cache)), cache_metrics(metrics.make_scope(), cache) {
  metrics.before_exposition([this] { cache_metrics.refresh(); });
  std::map<std::string, Pool*> by_name;
  for (const PoolSection& section : config.pools) {
    pools.push_back(std::make_unique<Pool>(static_cast<uint32_t>(pools.size()), section.name,
                                           *parse_balance(section.balance), make_backends(section, backends)));
    by_name[section.name] = pools.back().get();
  }
  std::vector<Route> all;
  for (const RouteSection& section : config.routes) {
    all.push_back({section.host, section.path, by_name.at(section.pool), section.cache, section.default_ttl_ms,
                   section.ignore_client_cache_control});
  }
  routes = std::make_unique<Routes>(std::move(all));
  for (const std::string& network : config.proxy.trusted_proxies) ROOST_CHECK(trusted.add(network));
}

Result<void> SharedState::open_access_log() {
  if (config.proxy.access_log == "off") return {};
  auto opened = AccessLog::open(config.proxy.access_log, events);
  if (!opened) return tl::unexpected(opened.error());
  access_log = std::move(*opened);
  return {};
}

}  // namespace roost::proxy
