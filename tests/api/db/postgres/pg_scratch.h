#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "api/db/postgres/pg_schema.h"
#include "api/db/postgres/pg_session.h"
#include "api/db/postgres/pg_target.h"

namespace roost::api {

/// The URL of a PostgreSQL database that this test program has for itself, from $ROOST_TEST_POSTGRES; tests/run sets
/// it. Without it the tests that need one are skipped: `TEST_CASE("…" * doctest::skip(!has_postgres()))`.
inline std::string postgres_url() {
  const char* url = std::getenv("ROOST_TEST_POSTGRES");
  return url == nullptr ? "" : url;
}

inline bool has_postgres() {
  return !postgres_url().empty();
}

inline PgTarget target_of(const std::string& url) {
  auto target = PgTarget::parse(url);
  REQUIRE(target);
  return std::move(*target);
}

inline std::unique_ptr<PgSession> open_session(const std::string& url = postgres_url()) {
  auto session = PgSession::connect(target_of(url), {});
  REQUIRE(session);
  return std::move(*session);
}

/// The database of the tests, emptied and brought to the present schema.
class PgScratch {
 public:
  enum class Schema : uint8_t { present, none };
  explicit PgScratch(Schema schema = Schema::present) : session_(open_session()) {
    run("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public");
    if (schema == Schema::present) REQUIRE(pg_migrate(*session_));
  }
  void run(const std::string& sql) {
    const auto done = session_->run_script(sql, 30'000);
    if (!done) FAIL(done.error().what);
  }
  /// The first column of the first row.
  int64_t integer(const std::string& sql) {
    const auto rows = session_->run_script(sql, 30'000);
    if (!rows) FAIL(rows.error().what);
    REQUIRE(rows->count() > 0);
    return rows->integer(0, 0);
  }
  /// Of the database itself.
  static std::string name() {
    const std::string url = postgres_url();
    return url.substr(url.rfind('/') + 1);
  }
  /// `count` users and as many tweets without likes, with ids from 1 on; tweet n is of user n.
  void add_tweets(int count) {
    const std::string series = "FROM generate_series(1, " + std::to_string(count) + ") n";
    run("INSERT INTO users(username, username_folded, display_name, display_name_folded, created_at_ms, updated_at_ms) "
        "SELECT 'u' || n, 'u' || n, 'U' || n, 'u' || n, 0, 0 " +
        series);
    run("INSERT INTO tweets(user_id, content, words, created_at_ms, updated_at_ms) SELECT n, 'tweet', '', 0, 0 " +
        series);
  }

 private:
  std::unique_ptr<PgSession> session_;
};

}  // namespace roost::api
