#include "api/db/open_database.h"

#include "api/db/postgres/pg_database.h"
#include "api/db/postgres/pg_like_store.h"
#include "api/db/sqlite/sqlite_database.h"
#include "api/db/sqlite/sqlite_like_store.h"

namespace roost::api {
namespace {

constexpr std::string_view kSqlite = "sqlite:";

Result<OpenDatabase> open_sqlite(const DatabaseOptions& options, net::EventLoop& loop, observe::EventLog& events,
                                 const Clock& clock) {
  const std::string path = options.url.substr(kSqlite.size());
  if (options.hash_demo_password) {
    auto filled = fill_sqlite_with_demo(path, events, options.hash_demo_password, clock.unix_ms());
    if (!filled) return tl::unexpected<Error>(filled.error());
  }
  auto database = SqliteDatabase::open(
      {.path = path, .observer = options.observer, .deliver = [&loop](Task task) { loop.post(std::move(task)); }},
      clock);
  if (!database) return tl::unexpected<Error>(database.error());
  auto likes = SqliteLikeStore::open(path, options.observer, events);
  if (!likes) return tl::unexpected<Error>(likes.error());
  return OpenDatabase{std::move(*database), std::move(*likes)};
}

Result<OpenDatabase> open_postgres(const DatabaseOptions& options, net::EventLoop& loop, observe::EventLog& events,
                                   const Clock& clock) {
  PgDatabase::Options pg;
  pg.cluster.url = options.url;
  pg.cluster.replicas = options.replicas;
  pg.cluster.replica_max_lag_ms = options.replica_max_lag_ms;
  pg.cluster.timeout_ms = options.timeout_ms;
  pg.cluster.pool.connections = static_cast<size_t>(options.connections);
  pg.cluster.pool.queue_timeout_ms = options.queue_timeout_ms;
  pg.cluster.pool.connection = {.connect_timeout_ms = options.connect_timeout_ms,
                                .statement_timeout_ms = options.statement_timeout_ms,
                                .session = options.prepared_statements};
  pg.observer = options.observer;
  if (options.hash_demo_password) {
    pg.after_migration = [cluster = pg.cluster, lock_path = options.demo_lock_path, hash = options.hash_demo_password,
                          &events, &clock](PgSession&) {
      return fill_postgres_with_demo(cluster, events, lock_path, hash, clock.unix_ms());
    };
  }
  auto target = PgTarget::parse(options.url);
  if (!target) return tl::unexpected<Error>(target.error());
  auto database = PgDatabase::open(std::move(pg), loop, events, clock);
  if (!database) return tl::unexpected<Error>(database.error());
  const PgSession::Limits limits{.connect_timeout_ms = options.connect_timeout_ms,
                                 .statement_timeout_ms = options.statement_timeout_ms,
                                 .answer_timeout_ms = options.timeout_ms,
                                 .session = options.prepared_statements};
  return OpenDatabase{std::move(*database),
                      std::make_unique<PgLikeStore>(std::move(*target), limits, options.observer, events)};
}

}  // namespace

std::string check_database_url(std::string_view url) {
  if (url.starts_with(kSqlite)) return url.size() > kSqlite.size() ? "" : "expected a path behind \"sqlite:\"";
  if (!url.starts_with("postgres://") && !url.starts_with("postgresql://"))
    return "expected \"sqlite:PATH\" or \"postgres://USER:PASSWORD@HOST:PORT/DATABASE\"";
  const auto target = PgTarget::parse(std::string(url));
  return target ? "" : target.error().what;
}

Result<OpenDatabase> open_database(const DatabaseOptions& options, net::EventLoop& loop, observe::EventLog& events,
                                   const Clock& clock) {
  return options.url.starts_with(kSqlite) ? open_sqlite(options, loop, events, clock)
                                          : open_postgres(options, loop, events, clock);
}

}  // namespace roost::api
