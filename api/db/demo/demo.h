#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/db/database.h"
#include "api/db/postgres/pg_cluster.h"
#include "batcher/sink.h"
#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// The password of every demo user.
constexpr std::string_view kDemoPassword = "roost-demo";
/// The journal whose applied sequence tells how far a database was filled: 1 and one for each tweet.
constexpr batcher::JournalId kDemoJournal{0, 0x64656d6f};  // "demo"

/// A database to fill before serving.
struct DemoTarget {
  /// Opens it, schema included. `clock` gives the times of what is written.
  std::function<Result<std::unique_ptr<Database>>(const Clock& clock)> open;
  batcher::Sink& likes;
  /// Waits until the database has something to tell, and lets it call back.
  std::function<void()> turn;
  std::string lock_path;  ///< of the file that is locked (flock) during the filling
};

/// Hashes kDemoPassword for storage.
using HashDemoPassword = std::function<Result<std::string>()>;

/// Fills a database without tweets with sample users, follows, tweets and likes; does nothing to any other. Blocks. Of
/// several workers on one host that call it at the same time, one fills and the others wait. The lock is per host:
/// workers of two hosts must not fill one database at the same time. An interrupted filling is resumed, no tweet or
/// like is added twice. User names that are taken are skipped.
Result<void> fill_with_demo(const DemoTarget& target, const HashDemoPassword& hash, int64_t now_ms);

/// The same for the SQLite file at `path`, which is created when it is missing.
Result<void> fill_sqlite_with_demo(const std::string& path, observe::EventLog& events, const HashDemoPassword& hash,
                                   int64_t now_ms);

/// The same for a PostgreSQL database that can be reached. For PgDatabase::Options::after_migration; any thread.
Result<void> fill_postgres_with_demo(PgCluster::Options cluster, observe::EventLog& events,
                                     const std::string& lock_path, const HashDemoPassword& hash, int64_t now_ms);

}  // namespace roost::api
