#pragma once

#include <memory>
#include <vector>

#include "common/net/network_set.h"
#include "common/observe/event_log.h"
#include "common/observe/metrics.h"
#include "proxy/cache/fetch_lock.h"
#include "proxy/cache/http_cache.h"
#include "proxy/observe/access_log.h"
#include "proxy/observe/cache_metrics.h"
#include "proxy/routing/routes.h"
#include "proxy/runtime/config.h"
#include "proxy/upstream/backend.h"
#include "proxy/upstream/pool.h"

namespace roost::proxy {

/// What all threads of the proxy share: made from the configuration before the first thread starts, destroyed after the
/// last has ended. Everything in it is immutable or may be used from any thread.
struct SharedState {
  /// `config` is free of problems. `events` outlives this.
  SharedState(const Config& config, observe::EventLog& events);

  /// The access log, unless it is off. The error names the file.
  Result<void> open_access_log();

  const Config config;
  observe::EventLog& events;
  observe::MetricRegistry metrics;
  std::vector<std::unique_ptr<Backend>> backends;  ///< by Backend::id()
  std::vector<std::unique_ptr<Pool>> pools;        ///< by Pool::id()
  std::unique_ptr<Routes> routes;
  net::NetworkSet trusted;
  HttpCache cache;
  CacheMetrics cache_metrics;
  FetchLock fetches;
  std::unique_ptr<AccessLog> access_log;  ///< null when it is off
};

}  // namespace roost::proxy
