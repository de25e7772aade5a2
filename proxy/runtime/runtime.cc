#include "proxy/runtime/runtime.h"

#include <random>

#include <fmt/format.h>

namespace roost::proxy {

namespace {

HttpCache::Options cache_options(const CacheSection& cache) {
  HttpCache::Options options;
  options.limit_bytes = static_cast<uint64_t>(cache.size_bytes);
  options.max_object_bytes = static_cast<uint64_t>(cache.max_object_bytes);
  return options;
}

}  // namespace

Runtime::Runtime(const Config& config, observe::EventLog& event_log)
    : events(event_log),
      via_mark(fmt::format("({:08x})", std::random_device{}())),
      cache(cache_options(config.cache)),
      budget(cache, in_flight),
      cache_metrics(metrics.make_scope(), cache, budget),
      backend_metrics(metrics.make_scope()),
      site(std::make_shared<Site>(config, backends)) {
  metrics.before_exposition([this] {
    cache_metrics.refresh();
    backend_metrics.refresh(site->pools);
  });
}

Result<void> Runtime::open_access_log() {
  const ProxySection& section = site->config.proxy;
  if (section.access_log == "off") return {};
  const LogRotation rotation{static_cast<uint64_t>(section.access_log_rotate_bytes),
                             static_cast<unsigned>(section.access_log_keep)};
  auto opened = AccessLog::open(section.access_log, rotation, events);
  if (!opened) return tl::unexpected(opened.error());
  access_log = std::move(*opened);
  return {};
}

}  // namespace roost::proxy
