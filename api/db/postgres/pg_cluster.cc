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
  for (const std::string& url : options.replicas) {
    auto replica = cluster->make_pool(url, options.pool, true);
    if (!replica) return tl::unexpected<Error>(replica.error());
    cluster->replicas_.push_back(std::move(*replica));
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
  for (const auto& replica : replicas_) replica->start();
}

PgPool* PgCluster::next_replica() {
  for (size_t i = 0; i < replicas_.size(); ++i) {
    PgPool* replica = replicas_[next_replica_++ % replicas_.size()].get();
    if (replica->up()) return replica;
  }
  return nullptr;
}

void PgCluster::run(PgJobPtr job, bool replica) {
  ROOST_CHECK(!replica || job->statement->reads);
  job->deadline_ms = loop_.now_ms() + timeout_ms_;
  PgPool* pool = replica ? next_replica() : nullptr;
  (pool != nullptr ? *pool : *primary_).submit(std::move(job));
}

void PgCluster::on_answer(PgJobPtr job, PgResult<PgRows> result, bool from_replica) {
  if (!result && loop_.now_ms() < job->deadline_ms) {
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
