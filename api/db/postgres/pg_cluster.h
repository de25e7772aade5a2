#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/db/postgres/pg_pool.h"
#include "api/db/postgres/pg_replicas.h"

namespace roost::api {

/// The servers of one database, a primary and any number of read replicas (PgReplicas). Failures:
///
/// | failure of a job | reaction |
/// |---|---|
/// | on a replica, of any kind | sent to the primary |
/// | rolled back by a conflict (40001, 40P01) | sent again, at most kMaxAttempts times |
/// | connection lost, the job only reads | sent once more, on another connection; then a retryable error |
/// | connection lost, the job writes | an error that is not retryable: it may have been committed |
/// | queue full, no connection in time, server out of a resource | a retryable error |
///
/// Each job is one transaction in one round trip. Loop thread only.
class PgCluster {
 public:
  static constexpr int kMaxAttempts = 8;

  struct Options {
    std::string url;
    std::vector<std::string> replicas;    ///< URLs; reads are distributed over those that may be read
    int64_t replica_max_lag_ms = 10'000;  ///< see PgReplicas; 0 for no limit
    PgPool::Options pool;                 ///< of each server
    int64_t timeout_ms = 5000;            ///< of an operation, from its call to its answer
  };

  /// Both outlive it. The error is about a URL.
  static Result<std::unique_ptr<PgCluster>> make(net::EventLoop& loop, observe::EventLog& events, Options options);

  /// Starts connecting. Jobs may be submitted before; they queue.
  void start();
  /// On the primary. `done` runs at a later turn, once, unless the cluster is destroyed before.
  void run(PgJobPtr job);
  /// A job that only reads: on a replica that may be read and has what was committed up to `since_ms`, a time of the
  /// loop; where there is none, on the primary.
  void run_on_replica(PgJobPtr job, int64_t since_ms);
  const PgPool& primary() const { return *primary_; }
  ReplicaStats replica_stats() const { return replicas_->stats(); }

 private:
  PgCluster(net::EventLoop& loop, observe::EventLog& events) : loop_(loop), events_(events), resolver_(loop) {}
  Result<std::unique_ptr<PgPool>> make_pool(const std::string& url, const PgPool::Options& options, bool replica);
  void on_answer(PgJobPtr job, PgResult<PgRows> result, bool from_replica);

  net::EventLoop& loop_;
  observe::EventLog& events_;
  net::Resolver resolver_;
  int64_t timeout_ms_ = 0;
  std::unique_ptr<PgPool> primary_;
  std::unique_ptr<PgReplicas> replicas_;
};

}  // namespace roost::api
