#include "api/worker_metrics.h"

namespace roost::api {
namespace {

using observe::MetricInfo;
constexpr MetricInfo kAccepted{"roost_likes_accepted_total", "Likes acknowledged."};
constexpr MetricInfo kRefused{"roost_likes_refused_total", "Likes refused at a limit or by a failing disk."};
constexpr MetricInfo kRepeats{"roost_likes_repeated_total",
                              "Likes repeated under a known Idempotency-Key: acknowledged, not counted again."};
constexpr MetricInfo kApplied{"roost_likes_applied_total", "Likes of this worker's journal applied to the database."};
constexpr MetricInfo kBatches{"roost_like_batches_total", "Batches of this worker's journal applied."};
constexpr MetricInfo kSinkFailures{"roost_like_sink_failures_total",
                                   "Attempts to apply a batch that failed or had an unknown outcome."};
constexpr MetricInfo kSyncs{"roost_journal_syncs_total", "fdatasync calls of the journal."};
constexpr MetricInfo kAdopted{"roost_journals_adopted_total", "Journals of dead workers drained and removed."};
constexpr MetricInfo kForeign{"roost_journals_of_other_databases",
                              "Journals of dead workers kept because they were written for another database."};
constexpr MetricInfo kSaved{"roost_like_statements_saved_total",
                            "Database statements saved by batching: likes applied minus batches."};
constexpr MetricInfo kOldest{"roost_likes_oldest_pending_seconds",
                             "Age of the oldest like that is in no batch yet, rounded up."};
constexpr MetricInfo kBatchLikes{"roost_like_last_batch_likes", "Likes in the last batch."};
constexpr MetricInfo kBatchTweets{"roost_like_last_batch_tweets", "Tweets in the last batch."};
constexpr MetricInfo kPending{"roost_likes_pending", "Likes acknowledged and not yet applied."};
constexpr MetricInfo kJournalBytes{"roost_journal_bytes", "Disk space allocated to this worker's journal."};
constexpr MetricInfo kAccepting{"roost_likes_accepting", "1 while likes are accepted, 0 while the disk fails."};
constexpr MetricInfo kReads{
    "roost_db_cache_reads_total",
    "Reads through the DB cache: hit, miss (loaded), join (waited for a load), bypass, refused."};
constexpr MetricInfo kNegative{"roost_db_cache_negative_hits_total", "Hits on negative entries."};
constexpr MetricInfo kLoadFailures{"roost_db_cache_load_failures_total", "Loads that failed."};
constexpr MetricInfo kVoidLeases{"roost_db_cache_void_leases_total",
                                 "Loads not cached because a write happened meanwhile."};
constexpr MetricInfo kEvictions{"roost_db_cache_evictions_total", "Entries evicted for space."};
constexpr MetricInfo kExpirations{"roost_db_cache_expirations_total", "Entries expired."};
constexpr MetricInfo kHitAge{"roost_db_cache_hit_age_seconds_total",
                             "Sum of the ages of hits; divided by the hits, their mean age."};
constexpr MetricInfo kOldestHit{"roost_db_cache_hit_age_max_seconds",
                                "Greatest age of a hit, rounded up: never more than [db_cache] ttl."};
constexpr MetricInfo kRevalidations{
    "roost_revalidations_total",
    "Revalidations of tweets in proxies: told (received), coalesced with a pending one, lost."};
constexpr MetricInfo kSendingFailures{"roost_revalidation_failures_total", "Requests to proxies that failed."};
constexpr MetricInfo kReplicaReads{
    "roost_replica_reads_total",
    "Reads that a replica may answer: on a replica, or on the primary as none was up and young enough."};
constexpr MetricInfo kReplicas{"roost_replicas", "Replicas: configured, and in_use (up and young enough)."};
constexpr MetricInfo kReplicaAge{"roost_replica_age_max_seconds",
                                 "Age that the oldest replica in use may have, rounded up."};
constexpr MetricInfo kLogRecords{"roost_log_records_total", "Records of the request log, those lost included."};
constexpr MetricInfo kLogRecordsLost{"roost_log_records_lost_total",
                                     "Records that could not be written: the disk is full or does not answer."};
constexpr MetricInfo kLogStored{
    "roost_log_records_stored_total",
    "Records copied to PostgreSQL: stored, or left_out as malformed or of a day that is not kept."};
constexpr MetricInfo kLogGaps{"roost_log_store_gaps_total",
                              "Times that log files were removed before they were copied."};
constexpr MetricInfo kLogStoreFailures{"roost_log_store_failures_total", "Attempts to copy the log that failed."};
constexpr MetricInfo kCacheBytes{"roost_db_cache_bytes", "Bytes in the DB cache."};
constexpr MetricInfo kCacheEntries{"roost_db_cache_entries", "Entries in the DB cache."};

}  // namespace

WorkerMetrics::WorkerMetrics(observe::MetricScope& scope, const batcher::Batcher& batcher, const Database& database,
                             const DbCache& cache, const Revalidator& revalidator, const RequestLog& log,
                             const LogShipper* shipper)
    : batcher_(batcher),
      database_(database),
      cache_(cache),
      revalidator_(revalidator),
      log_(log),
      shipper_(shipper),
      accepted_(scope.counter(kAccepted)),
      refused_(scope.counter(kRefused)),
      repeats_(scope.counter(kRepeats)),
      applied_(scope.counter(kApplied)),
      batches_(scope.counter(kBatches)),
      sink_failures_(scope.counter(kSinkFailures)),
      syncs_(scope.counter(kSyncs)),
      adopted_(scope.counter(kAdopted)),
      statements_saved_(scope.counter(kSaved)),
      foreign_journals_(scope.gauge(kForeign)),
      pending_(scope.gauge(kPending)),
      oldest_pending_(scope.gauge(kOldest)),
      last_batch_likes_(scope.gauge(kBatchLikes)),
      last_batch_tweets_(scope.gauge(kBatchTweets)),
      journal_bytes_(scope.gauge(kJournalBytes)),
      accepting_(scope.gauge(kAccepting)),
      cache_hits_(scope.counter(kReads, {{"result", "hit"}})),
      cache_misses_(scope.counter(kReads, {{"result", "miss"}})),
      cache_joins_(scope.counter(kReads, {{"result", "join"}})),
      cache_bypasses_(scope.counter(kReads, {{"result", "bypass"}})),
      cache_refusals_(scope.counter(kReads, {{"result", "refused"}})),
      negative_hits_(scope.counter(kNegative)),
      load_failures_(scope.counter(kLoadFailures)),
      void_leases_(scope.counter(kVoidLeases)),
      evictions_(scope.counter(kEvictions)),
      expirations_(scope.counter(kExpirations)),
      hit_age_(scope.counter(kHitAge)),
      oldest_hit_(scope.gauge(kOldestHit)),
      cache_bytes_(scope.gauge(kCacheBytes)),
      cache_entries_(scope.gauge(kCacheEntries)),
      sent_(scope.counter(kRevalidations, {{"result", "told"}})),
      coalesced_(scope.counter(kRevalidations, {{"result", "coalesced"}})),
      lost_(scope.counter(kRevalidations, {{"result", "lost"}})),
      sending_failures_(scope.counter(kSendingFailures)),
      replica_reads_(scope.counter(kReplicaReads, {{"on", "replica"}})),
      primary_reads_(scope.counter(kReplicaReads, {{"on", "primary"}})),
      replicas_(scope.gauge(kReplicas, {{"state", "configured"}})),
      replicas_in_use_(scope.gauge(kReplicas, {{"state", "in_use"}})),
      replica_age_(scope.gauge(kReplicaAge)),
      log_records_(scope.counter(kLogRecords)),
      log_records_lost_(scope.counter(kLogRecordsLost)),
      log_records_stored_(scope.counter(kLogStored, {{"result", "stored"}})),
      log_records_left_out_(scope.counter(kLogStored, {{"result", "left_out"}})),
      log_store_gaps_(scope.counter(kLogGaps)),
      log_store_failures_(scope.counter(kLogStoreFailures)) {}

void WorkerMetrics::refresh() {
  refresh_likes();
  refresh_cache();
  refresh_revalidations();
  refresh_replicas();
  refresh_log();
}

void WorkerMetrics::refresh_log() {
  const observe::LogWriterStats log = log_.stats();
  log_records_.set_total(log.lines);
  log_records_lost_.set_total(log.dropped + log.lost);
  if (shipper_ == nullptr) return;
  const LogShipper::Stats stored = shipper_->stats();
  log_records_stored_.set_total(stored.stored);
  log_records_left_out_.set_total(stored.left_out);
  log_store_gaps_.set_total(stored.gaps);
  log_store_failures_.set_total(stored.failures);
}

void WorkerMetrics::refresh_likes() {
  const batcher::Stats likes = batcher_.stats();
  accepted_.set_total(likes.accepted);
  refused_.set_total(likes.refused);
  repeats_.set_total(likes.repeats);
  applied_.set_total(likes.applied);
  batches_.set_total(likes.batches);
  sink_failures_.set_total(likes.sink_failures);
  syncs_.set_total(likes.syncs);
  adopted_.set_total(likes.adopted);
  statements_saved_.set_total(likes.statements_saved);
  foreign_journals_.set(static_cast<int64_t>(likes.foreign));
  pending_.set(likes.pending);
  oldest_pending_.set((likes.oldest_pending_ms + 999) / 1000);
  last_batch_likes_.set(static_cast<int64_t>(likes.last_batch_likes));
  last_batch_tweets_.set(static_cast<int64_t>(likes.last_batch_keys));
  journal_bytes_.set(static_cast<int64_t>(likes.journal_bytes));
  accepting_.set(likes.accepting ? 1 : 0);
}

void WorkerMetrics::refresh_cache() {
  const DbCache::Stats reads = cache_.stats();
  cache_hits_.set_total(reads.hits);
  cache_misses_.set_total(reads.misses);
  cache_joins_.set_total(reads.joins);
  cache_bypasses_.set_total(reads.bypasses);
  cache_refusals_.set_total(reads.refusals);
  negative_hits_.set_total(reads.negative_hits);
  load_failures_.set_total(reads.failures);
  void_leases_.set_total(reads.void_leases);
  evictions_.set_total(reads.evictions);
  expirations_.set_total(reads.expirations);
  hit_age_.set_total(reads.hit_age_ms / 1000);
  oldest_hit_.set(static_cast<int64_t>((reads.oldest_hit_ms + 999) / 1000));
  cache_bytes_.set(static_cast<int64_t>(reads.bytes));
  cache_entries_.set(static_cast<int64_t>(reads.entries));
}

void WorkerMetrics::refresh_replicas() {
  const ReplicaStats stats = database_.replica_stats();
  replica_reads_.set_total(stats.reads);
  primary_reads_.set_total(stats.to_primary);
  replicas_.set(static_cast<int64_t>(stats.replicas));
  replicas_in_use_.set(static_cast<int64_t>(stats.in_use));
  replica_age_.set((stats.oldest_ms + 999) / 1000);
}

void WorkerMetrics::refresh_revalidations() {
  const Revalidator::Stats stats = revalidator_.stats();
  sent_.set_total(stats.sent);
  coalesced_.set_total(stats.coalesced);
  lost_.set_total(stats.lost);
  sending_failures_.set_total(stats.failures);
}

}  // namespace roost::api
