#include "proxy/runtime/runtime.h"

#include <random>

#include <fmt/format.h>

#include "common/base/check.h"

namespace roost::proxy {

namespace {

HttpCache::Options cache_options(const CacheSection& cache) {
  HttpCache::Options options;
  options.limit_bytes = static_cast<uint64_t>(cache.size_bytes);
  options.max_object_bytes = static_cast<uint64_t>(cache.max_object_bytes);
  return options;
}

net::NetworkSet networks(const std::vector<std::string>& texts) {
  net::NetworkSet set;
  for (const std::string& text : texts) ROOST_CHECK(set.add(text));  // the configuration was checked
  return set;
}

constexpr observe::MetricInfo kConnectionsLimit{"roost_proxy_client_connections_limit",
                                                "Most client connections; 0 for no limit."};
constexpr size_t kRateBuckets = 128 * 1024;  // 2 MiB

}  // namespace

Runtime::Runtime(const Config& config, observe::EventLog& event_log)
    : events(event_log),
      via_mark(fmt::format("({:08x})", std::random_device{}())),
      cache(cache_options(config.cache)),
      budget(cache, in_flight),
      cache_metrics(metrics.make_scope(), cache, budget),
      backend_metrics(metrics.make_scope()),
      memory(event_log, metrics.make_scope()),
      connections(static_cast<uint64_t>(config.limits.max_connections_per_address),
                  networks(config.proxy.trusted_proxies)),
      site(std::make_shared<Site>(config, backends)) {
  connections.set_total(static_cast<uint64_t>(config.limits.max_connections));
  if (site->has_rates) {
    std::random_device device;
    rates = std::make_unique<RateTable>(kRateBuckets, uint64_t{device()} << 32 | device());
  }
  metrics.before_exposition([this, &limit = metrics.make_scope().gauge(kConnectionsLimit)] {
    cache_metrics.refresh();
    memory.refresh();
    backend_metrics.refresh(site->pools);
    limit.set(static_cast<int64_t>(connections.total()));
  });
}

Result<void> Runtime::open_access_log() {
  const ProxySection& section = site->config.proxy;
  if (section.access_log == "off") return {};
  const LogRotation rotation{static_cast<uint64_t>(section.access_log_rotation.bytes),
                             static_cast<unsigned>(section.access_log_rotation.keep)};
  auto opened = AccessLog::open(section.access_log, rotation, events);
  if (!opened) return tl::unexpected(opened.error());
  access_log = std::move(*opened);
  return {};
}

}  // namespace roost::proxy
