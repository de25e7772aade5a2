#include "api/db/postgres/pg_database.h"

namespace roost::api {

Result<std::unique_ptr<PgDatabase>> PgDatabase::open(Options options, net::EventLoop& loop, observe::EventLog& events,
                                                     const Clock& clock) {
  std::unique_ptr<PgDatabase> database(new PgDatabase(loop, events, clock, options.observer));
  auto target = PgTarget::parse(options.cluster.url);
  if (!target) return tl::unexpected<Error>(target.error());
  const PgConnection::Options& connection = options.cluster.pool.connection;
  PgSession::Limits limits{.connect_timeout_ms = connection.connect_timeout_ms,
                           .statement_timeout_ms = connection.statement_timeout_ms,
                           .answer_timeout_ms = options.cluster.timeout_ms,
                           .session = connection.session};
  auto cluster = PgCluster::make(loop, events, std::move(options.cluster));
  if (!cluster) return tl::unexpected<Error>(cluster.error());
  database->cluster_ = std::move(*cluster);
  database->migration_ =
      std::make_unique<PgMigration>(std::move(*target), std::move(limits), events, std::move(options.after_migration),
                                    [&loop, alive = std::weak_ptr<PgCluster>(database->cluster_)] {
                                      loop.post([alive] {
                                        if (const auto ready = alive.lock()) ready->start();
                                      });
                                    });
  return database;
}

PgJobPtr PgDatabase::make_job(const PgStatement& statement, PgParams params) {
  auto job = std::make_unique<PgJob>();
  job->statement = &statement;
  job->params = std::move(params);
  return job;
}

Error PgDatabase::report(const PgFailure& failure) {
  Error error = error_of(failure);
  if (!error.retryable) events_.error("database statement failed", {{"why", error.what}});
  return error;
}

void PgDatabase::ping(Done<void> done) {
  static constexpr PgStatement kPing{"SELECT 1", true};
  auto job = make_job(kPing, {});
  job->done = [done = std::move(done)](PgResult<PgRows> rows) mutable {
    done(rows ? Result<void>() : tl::unexpected<Error>(error_of(rows.error())));
  };
  cluster_->run(std::move(job));
}

}  // namespace roost::api
