#include "api/db/postgres/pg_cluster.h"

#include "common/base/check.h"

namespace roost::api {
namespace {

bool worth_sending_again(const PgJob& job, const PgFailure& failure) {
  if (failure.verdict == PgVerdict::try_again) return job.attempts < PgCluster::kMaxAttempts;
  return failure.verdict == PgVerdict::unknown && job.statement->reads && job.attempts < 2;
}

}  // namespace

Result<std::unique_ptr<PgCluster>> PgCluster::make(net::EventLoop& loop, observe::EventLog& events, Options options) {
  std::unique_ptr<PgCluster> cluster(new PgCluster(loop, events));
  cluster->timeout_ms_ = options.timeout_ms;
  auto primary = cluster->make_pool(options.url, options.pool, false);
  if (!primary) return tl::unexpected<Error>(primary.error());
  cluster->primary_ = std::move(*primary);
  cluster->replicas_ =
      std::make_unique<PgReplicas>(loop, events, PgReplicas::Options{options.replica_max_lag_ms, options.timeout_ms},
                                   [&primary = *cluster->primary_](PgJobPtr job) { primary.submit(std::move(job)); });
  for (const std::string& url : options.replicas) {
    auto replica = cluster->make_pool(url, options.pool, true);
    if (!replica) return tl::unexpected<Error>(replica.error());
    cluster->replicas_->add(std::move(*replica));
  }
  return cluster;
}

Result<std::unique_ptr<PgPool>> PgCluster::make_pool(const std::string& url, const PgPool::Options& options,
                                                     bool replica) {
  auto target = PgTarget::parse(url);
  if (!target) return tl::unexpected<Error>(target.error());
  return std::make_unique<PgPool>(loop_, resolver_, std::move(*target), options, events_,
                                  [this, replica](PgJobPtr job, PgResult<PgRows> result) {
                                    on_answer(std::move(job), std::move(result), replica);
                                  });
}

void PgCluster::start() {
  primary_->start();
  replicas_->start();
}

void PgCluster::run(PgJobPtr job) {
  job->deadline_ms = loop_.now_ms() + timeout_ms_;
  primary_->submit(std::move(job));
}

void PgCluster::run_on_replica(PgJobPtr job, int64_t since_ms) {
  ROOST_CHECK(job->statement->reads);
  PgPool* replica = replicas_->next(since_ms);
  if (replica == nullptr) return run(std::move(job));
  job->deadline_ms = loop_.now_ms() + timeout_ms_;
  replica->submit(std::move(job));
}

void PgCluster::on_answer(PgJobPtr job, PgResult<PgRows> result, bool from_replica) {
  if (!result && !job->stays && loop_.now_ms() < job->deadline_ms) {
    if (from_replica) {
      job->attempts = 0;
      return primary_->submit(std::move(job));
    }
    if (worth_sending_again(*job, result.error())) return primary_->submit(std::move(job));
  }
  // A read has changed nothing, even if its outcome is unknown.
  if (!result && result.error().verdict == PgVerdict::unknown && job->statement->reads)
    result.error().verdict = PgVerdict::try_later;
  job->done(std::move(result));
}

}  // namespace roost::api
