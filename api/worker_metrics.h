#pragma once

#include "api/db/database.h"
#include "api/db/db_cache.h"
#include "api/log_store/log_shipper.h"
#include "api/logs/request_log.h"
#include "api/notify/revalidator.h"
#include "batcher/batcher.h"
#include "common/observe/metrics.h"

namespace roost::api {

/// Copies the statistics of the batcher, the database's replicas, the DB cache, the revalidator and the request log
/// into metrics. Loop thread only.
class WorkerMetrics {
 public:
  /// All outlive it; `shipper` may be null.
  WorkerMetrics(observe::MetricScope& scope, const batcher::Batcher& batcher, const Database& database,
                const DbCache& cache, const Revalidator& revalidator, const RequestLog& log, const LogShipper* shipper);
  void refresh();

 private:
  void refresh_likes();
  void refresh_cache();
  void refresh_revalidations();
  void refresh_replicas();
  void refresh_log();

  const batcher::Batcher& batcher_;
  const Database& database_;
  const DbCache& cache_;
  const Revalidator& revalidator_;
  const RequestLog& log_;
  const LogShipper* shipper_;
  observe::Counter& accepted_;
  observe::Counter& refused_;
  observe::Counter& repeats_;
  observe::Counter& applied_;
  observe::Counter& batches_;
  observe::Counter& sink_failures_;
  observe::Counter& syncs_;
  observe::Counter& adopted_;
  observe::Counter& statements_saved_;
  observe::Gauge& foreign_journals_;
  observe::Gauge& pending_;
  observe::Gauge& oldest_pending_;
  observe::Gauge& last_batch_likes_;
  observe::Gauge& last_batch_tweets_;
  observe::Gauge& journal_bytes_;
  observe::Gauge& accepting_;
  observe::Counter& cache_hits_;
  observe::Counter& cache_misses_;
  observe::Counter& cache_joins_;
  observe::Counter& cache_bypasses_;
  observe::Counter& cache_refusals_;
  observe::Counter& negative_hits_;
  observe::Counter& load_failures_;
  observe::Counter& void_leases_;
  observe::Counter& evictions_;
  observe::Counter& expirations_;
  observe::Counter& hit_age_;
  observe::Gauge& oldest_hit_;
  observe::Gauge& cache_bytes_;
  observe::Gauge& cache_entries_;
  observe::Counter& sent_;
  observe::Counter& coalesced_;
  observe::Counter& lost_;
  observe::Counter& sending_failures_;
  observe::Counter& replica_reads_;
  observe::Counter& primary_reads_;
  observe::Gauge& replicas_;
  observe::Gauge& replicas_in_use_;
  observe::Gauge& replica_age_;
  observe::Counter& log_records_;
  observe::Counter& log_records_lost_;
  observe::Counter& log_records_stored_;
  observe::Counter& log_records_left_out_;
  observe::Counter& log_store_gaps_;
  observe::Counter& log_store_failures_;
};

}  // namespace roost::api
