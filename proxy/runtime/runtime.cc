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
      site(std::make_shared<Site>(config, backends)) {
  metrics.before_exposition([this] { cache_metrics.refresh(); });
}

Result<void> Runtime::open_access_log() {
  const std::string& target = site->config.proxy.access_log;
  if (target == "off") return {};
  auto opened = AccessLog::open(target, events);
  if (!opened) return tl::unexpected(opened.error());
  access_log = std::move(*opened);
  return {};
}

}  // namespace roost::proxy
