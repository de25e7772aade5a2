#pragma once

#include "common/observe/metrics.h"
#include "proxy/cache/http_cache.h"
#include "proxy/cache/memory_budget.h"

namespace roost::proxy {

/// Copies the statistics of the cache into metrics. One thread at a time, that of /metrics.
class CacheMetrics {
 public:
  /// All outlive this.
  CacheMetrics(observe::MetricScope& scope, const HttpCache& cache, const MemoryBudget& budget);
  void refresh();

 private:
  const HttpCache& cache_;
  const MemoryBudget& budget_;
  observe::Gauge& bytes_;
  observe::Gauge& in_flight_bytes_;
  observe::Gauge& entries_;
  observe::Counter& insertions_;
  observe::Counter& evictions_;
  observe::Counter& expirations_;
  observe::Counter& changed_tags_;
};

}  // namespace roost::proxy
