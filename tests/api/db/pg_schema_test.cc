#include "api/db/pg_schema.h"

#include <atomic>
#include <thread>
#include <vector>

#include "tests/api/db/pg_scratch.h"

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
