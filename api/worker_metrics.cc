#include "api/worker_metrics.h"

namespace roost::api {
namespace {

using observe::MetricInfo;
constexpr MetricInfo kAccepted{"roost_likes_accepted_total", "Likes acknowledged."};
constexpr MetricInfo kRefused{"roost_likes_refused_total", "Likes refused at a limit or by a failing disk."};
constexpr MetricInfo kApplied{"roost_likes_applied_total", "Likes of the own journal known to be in the database."};
constexpr MetricInfo kBatches{"roost_like_batches_total", "Batches of the own journal known to be applied."};
constexpr MetricInfo kSinkFailures{"roost_like_sink_failures_total", "Attempts not applied, or of unknown outcome."};
constexpr MetricInfo kSyncs{"roost_journal_syncs_total", "fdatasync calls of the journal."};
constexpr MetricInfo kAdopted{"roost_journals_adopted_total", "Journals of dead workers drained and removed."};
constexpr MetricInfo kPending{"roost_likes_pending", "Likes acknowledged and not known to be in the database."};
constexpr MetricInfo kJournalBytes{"roost_journal_bytes", "Space set aside for the own journal."};
constexpr MetricInfo kAccepting{"roost_likes_accepting", "1 while likes are taken, 0 while the disk prevents it."};
constexpr MetricInfo kReads{"roost_db_cache_reads_total",
                            "Reads through the DB cache: hit, miss (loaded), join (waited for a load), bypass."};
constexpr MetricInfo kCacheBytes{"roost_db_cache_bytes", "Bytes in the DB cache."};
constexpr MetricInfo kCacheEntries{"roost_db_cache_entries", "Entries in the DB cache."};

}  // namespace

WorkerMetrics::WorkerMetrics(observe::MetricScope& scope, const batcher::Batcher& batcher, const DbCache& cache)
    : batcher_(batcher),
      cache_(cache),
      accepted_(scope.counter(kAccepted)),
      refused_(scope.counter(kRefused)),
      applied_(scope.counter(kApplied)),
      batches_(scope.counter(kBatches)),
      sink_failures_(scope.counter(kSinkFailures)),
      syncs_(scope.counter(kSyncs)),
      adopted_(scope.counter(kAdopted)),
      pending_(scope.gauge(kPending)),
      journal_bytes_(scope.gauge(kJournalBytes)),
      accepting_(scope.gauge(kAccepting)),
      cache_hits_(scope.counter(kReads, {{"result", "hit"}})),
      cache_misses_(scope.counter(kReads, {{"result", "miss"}})),
      cache_joins_(scope.counter(kReads, {{"result", "join"}})),
      cache_bypasses_(scope.counter(kReads, {{"result", "bypass"}})),
      cache_bytes_(scope.gauge(kCacheBytes)),
      cache_entries_(scope.gauge(kCacheEntries)) {}

void WorkerMetrics::refresh() {
  const batcher::Stats likes = batcher_.stats();
  accepted_.set_total(likes.accepted);
  refused_.set_total(likes.refused);
  applied_.set_total(likes.applied);
  batches_.set_total(likes.batches);
  sink_failures_.set_total(likes.sink_failures);
  syncs_.set_total(likes.syncs);
  adopted_.set_total(likes.adopted);
  pending_.set(likes.pending);
  journal_bytes_.set(static_cast<int64_t>(likes.journal_bytes));
  accepting_.set(likes.accepting ? 1 : 0);
  const DbCache::Stats reads = cache_.stats();
  cache_hits_.set_total(reads.hits);
  cache_misses_.set_total(reads.misses);
  cache_joins_.set_total(reads.joins);
  cache_bypasses_.set_total(reads.bypasses);
  cache_bytes_.set(static_cast<int64_t>(reads.bytes));
  cache_entries_.set(static_cast<int64_t>(reads.entries));
}

}  // namespace roost::api
