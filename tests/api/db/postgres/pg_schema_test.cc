#include "api/db/postgres/pg_schema.h"

#include <atomic>
#include <thread>
#include <vector>

#include "api/db/postgres/pg_migration.h"
#include "tests/api/db/postgres/pg_scratch.h"

using namespace roost;
using namespace roost::api;

TEST_CASE("postgres: several that migrate an empty database at once do it once" * doctest::skip(!has_postgres())) {
  PgScratch database(PgScratch::Schema::none);
  std::atomic<int> migrated = 0;
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&migrated] {
      const auto session = open_session();
      migrated += pg_migrate(*session).has_value();
    });
  }
  for (std::thread& worker : workers) worker.join();
  CHECK(migrated == 4);
  CHECK(database.integer("SELECT count(*) FROM schema_version") == pg_schema_version());
}

TEST_CASE("postgres: an older schema is brought up to date" * doctest::skip(!has_postgres())) {
  PgScratch database;
  database.run("DROP TABLE like_names; DROP TABLE database_identity; DELETE FROM schema_version WHERE version >= 2");
  CHECK(pg_migrate(*open_session()));
  CHECK(database.integer("SELECT count(*) FROM like_names") == 0);
  CHECK(database.integer("SELECT max(version) FROM schema_version") == pg_schema_version());
}

TEST_CASE("postgres: a migration that waits for another is broken off" * doctest::skip(!has_postgres())) {
  PgScratch database(PgScratch::Schema::none);
  const auto other = open_session();
  REQUIRE(other->run_script("BEGIN; SELECT pg_advisory_xact_lock(x'726f6f7374'::bigint)", 5000));
  observe::EventLog log([](observe::EventLevel, std::string_view) {});
  bool done = false;
  {
    PgMigration migration(target_of(postgres_url()), {}, log, {}, [&] { done = true; });
    while (other->run_script("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", 5000)->count() ==
           0) {
    }
  }  // Would wait for a minute.
  CHECK_FALSE(done);
  CHECK(other->run_script("SELECT 1", 5000));
}

TEST_CASE("postgres: a newer schema is refused, and left alone" * doctest::skip(!has_postgres())) {
  PgScratch database;
  database.run("INSERT INTO schema_version VALUES(999)");
  const auto migrated = pg_migrate(*open_session());
  REQUIRE_FALSE(migrated);
  CHECK(migrated.error().what.find("version 999") != std::string::npos);
  CHECK_FALSE(migrated.error().retryable);
}

TEST_CASE("postgres: a current schema needs no rights to make one" * doctest::skip(!has_postgres())) {
  PgScratch database;
  const auto session = open_session();
  REQUIRE(session->run_script("SET default_transaction_read_only = on", 5000));
  CHECK(pg_migrate(*session));
}
