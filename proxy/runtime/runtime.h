#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "common/observe/event_log.h"
#include "common/observe/memory_watch.h"
#include "common/observe/metrics.h"
#include "common/service/passed_sockets.h"
#include "proxy/cache/fetch_lock.h"
#include "proxy/cache/http_cache.h"
#include "proxy/cache/memory_budget.h"
#include "proxy/config/config.h"
#include "proxy/limits/connection_limits.h"
#include "proxy/limits/rate_table.h"
#include "proxy/observe/access_log.h"
#include "proxy/observe/backend_metrics.h"
#include "proxy/observe/cache_metrics.h"
#include "proxy/runtime/backend_registry.h"
#include "proxy/runtime/site.h"

namespace roost::proxy {

/// What lives as long as the process, whatever configuration is in effect. Created before the first thread starts,
/// destroyed after the last has ended. Any thread, except where noted.
struct Runtime {
  /// Makes the first Site. `config` is free of problems; `events` outlives this.
  Runtime(const Config& config, observe::EventLog& events);

  /// Opens the access log, unless it is off. Before the first thread starts. The error names the file.
  Result<void> open_access_log();

  observe::EventLog& events;
  const std::string via_mark;  ///< a comment for Via, other for each process: "(5e884898)"
  observe::MetricRegistry metrics;
  BlockAccount in_flight;  ///< blocks of bodies that the cache does not hold
  HttpCache cache;
  MemoryBudget budget;
  CacheMetrics cache_metrics;
  BackendMetrics backend_metrics;
  observe::MemoryWatch memory;  ///< main thread
  FetchLock fetches{&in_flight};
  std::unique_ptr<AccessLog> access_log;  ///< null when it is off
  ConnectionLimits connections;           ///< of clients
  std::unique_ptr<RateTable> rates;       ///< null when no rate is set
  std::atomic<int64_t> active_requests{0};
  service::PassedSockets passed_sockets;  ///< to listen on; set before the first thread is made
  BackendRegistry backends;               ///< main thread
  std::shared_ptr<const Site> site;       ///< the one in effect; main thread
};

}  // namespace roost::proxy
