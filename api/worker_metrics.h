#pragma once

#include "api/db/db_cache.h"
#include "batcher/batcher.h"
#include "common/observe/metrics.h"

namespace roost::api {

/// Takes the figures that the batcher and the DB cache keep over into the metrics. Loop thread only.
class WorkerMetrics {
 public:
  /// All outlive it.
  WorkerMetrics(observe::MetricScope& scope, const batcher::Batcher& batcher, const DbCache& cache);
  void refresh();

 private:
  const batcher::Batcher& batcher_;
  const DbCache& cache_;
  observe::Counter& accepted_;
  observe::Counter& refused_;
  observe::Counter& applied_;
  observe::Counter& batches_;
  observe::Counter& sink_failures_;
  observe::Counter& syncs_;
  observe::Counter& adopted_;
  observe::Gauge& pending_;
  observe::Gauge& journal_bytes_;
  observe::Gauge& accepting_;
  observe::Counter& cache_hits_;
  observe::Counter& cache_misses_;
  observe::Counter& cache_joins_;
  observe::Counter& cache_bypasses_;
  observe::Gauge& cache_bytes_;
  observe::Gauge& cache_entries_;
};

}  // namespace roost::api
