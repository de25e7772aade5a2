#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/db/access.h"
#include "api/db/database.h"
#include "api/db/demo/demo.h"
#include "batcher/sink.h"
#include "common/base/clock.h"
#include "common/net/event_loop.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// Which database to open and, for PostgreSQL, how to use it.
struct DatabaseOptions {
  std::string url;  ///< "sqlite:PATH", or "postgres://…" (PgTarget)
  std::vector<std::string> replicas;
  int64_t replica_max_lag_ms = 10'000;
  int64_t connections = 4;
  int64_t connect_timeout_ms = 2000;
  int64_t queue_timeout_ms = 1000;
  int64_t timeout_ms = 5000;
  int64_t statement_timeout_ms = 4000;
  bool prepared_statements = true;
  HashDemoPassword hash_demo_password;  ///< when set, an empty database is filled with samples; any thread
  std::string demo_lock_path;           ///< as DemoTarget::lock_path, for PostgreSQL
  AccessObserver* observer = nullptr;   ///< outlives the database
};

struct OpenDatabase {
  std::unique_ptr<Database> database;    ///< answers on the loop
  std::unique_ptr<batcher::Sink> likes;  ///< for a thread that may block
};

/// What is wrong with a database's URL, or an empty string; never quotes a password.
std::string check_database_url(std::string_view url);

/// Opens the database that the URL names; everything but `options` outlives it. SQLite is opened and migrated here and
/// an error is final. PostgreSQL is connected to, migrated and filled in the background once it can be
/// reached; until then every operation fails with a retryable error.
Result<OpenDatabase> open_database(const DatabaseOptions& options, net::EventLoop& loop, observe::EventLog& events,
                                   const Clock& clock);

}  // namespace roost::api
