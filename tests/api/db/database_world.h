#pragma once

#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "api/db/database.h"
#include "api/db/postgres/pg_database.h"
#include "api/db/postgres/pg_like_store.h"
#include "api/db/sqlite/sqlite_database.h"
#include "api/db/sqlite/sqlite_like_store.h"
#include "common/net/event_loop.h"
#include "tests/api/db/postgres/pg_scratch.h"
#include "tests/api/db/scratch.h"

namespace roost::api {

/// A database with the loop it answers on, asked as if it blocked. Made empty for each test.
class DatabaseWorld {
 public:
  virtual ~DatabaseWorld() = default;
  Database& database() { return *database_; }
  batcher::Sink& likes() { return *likes_; }
  net::EventLoop& loop() { return loop_; }
  /// The same database opened once more, as by another worker, answering on the same loop.
  virtual std::unique_ptr<Database> open_another() = 0;
  /// A store of likes of its own, as another worker's.
  virtual std::unique_ptr<batcher::Sink> open_likes() = 0;
  /// Fails the test when what is stored does not fit together.
  virtual void check_stored() = 0;
  /// Past the port: one statement that answers nothing, or one number.
  virtual void run(const std::string& sql) = 0;
  virtual int64_t integer(const std::string& sql) = 0;

  /// Starts an operation, `start(Done<T>)`, and turns the loop until it is answered.
  template <class T, class Start>
  Result<T> ask(Start start) {
    std::optional<Result<T>> answer;
    bool within = true;
    start(Done<T>([&](Result<T> result) {
      CHECK_FALSE(within);
      answer.emplace(std::move(result));
    }));
    within = false;
    turn_until([&] { return answer.has_value(); });
    return std::move(*answer);
  }
  /// Turns the loop until `done`; fails the test when that takes longer than anything here can.
  template <class Condition>
  void turn_until(Condition done) {
    struct Patience {
      void run_out() { ended = true; }
      bool ended = false;
    } patience;
    net::Timer limit = net::Timer::of<&Patience::run_out>(loop_.timers(), &patience);
    limit.start_ms(60'000);
    while (!done()) {
      REQUIRE_FALSE(patience.ended);
      loop_.run_once(true);
    }
  }

 protected:
  net::EventLoop loop_;
  ManualClock clock_;
  std::unique_ptr<batcher::Sink> likes_;
  std::unique_ptr<Database> database_;
};

class SqliteWorld final : public DatabaseWorld {
 public:
  static bool available() { return true; }
  SqliteWorld() {
    database_ = open_another();
    likes_ = open_likes();
  }
  std::unique_ptr<Database> open_another() override {
    auto opened = SqliteDatabase::open(
        {.path = path_, .observer = nullptr, .deliver = [this](Task task) { loop_.post(std::move(task)); }}, clock_);
    REQUIRE(opened);
    return std::move(*opened);
  }
  std::unique_ptr<batcher::Sink> open_likes() override {
    auto likes = SqliteLikeStore::open(path_, nullptr, quiet_events());
    REQUIRE(likes);
    return std::move(*likes);
  }
  void check_stored() override { check_integrity(*connection()); }
  void run(const std::string& sql) override { REQUIRE(connection()->execute(sql.c_str())); }
  int64_t integer(const std::string& sql) override { return single_integer(*connection(), sql); }

 private:
  std::unique_ptr<SqliteConnection> connection() {
    auto connection = SqliteConnection::open(path_, SqliteConnection::Mode::write, nullptr);
    REQUIRE(connection);
    return std::move(*connection);
  }
  ScratchDirectory directory_;
  std::string path_ = directory_.file("roost.db");
};

class PgWorld final : public DatabaseWorld {
 public:
  static bool available() { return has_postgres(); }
  /// On a busy machine anything may take long.
  static PgPool::Options patient() {
    PgPool::Options options;
    options.queue_timeout_ms = 60'000;
    options.connection.connect_timeout_ms = 30'000;
    options.connection.statement_timeout_ms = 60'000;
    return options;
  }
  explicit PgWorld(PgPool::Options pool = patient(), std::string url = postgres_url(),
                   AccessObserver* observer = nullptr) {
    database_ = open({.url = std::move(url), .replicas = {}, .replica_max_lag_ms = 0, .pool = pool}, observer);
    likes_ = open_likes();
  }
  PgScratch& scratch() { return scratch_; }
  std::unique_ptr<Database> open_another() override {
    return open({.url = postgres_url(), .replicas = {}, .pool = patient()}, nullptr);
  }
  std::unique_ptr<batcher::Sink> open_likes() override {
    return std::make_unique<PgLikeStore>(target_of(postgres_url()), PgSession::Limits{30'000, 60'000, 60'000}, nullptr,
                                         quiet_events());
  }
  void run(const std::string& sql) override { scratch_.run(sql); }
  int64_t integer(const std::string& sql) override { return scratch_.integer(sql); }
  void check_stored() override {
    CHECK(scratch_.integer("SELECT count(*) FROM users WHERE "
                           "followers <> (SELECT count(*) FROM follows WHERE followee_id = users.id) OR "
                           "following <> (SELECT count(*) FROM follows WHERE follower_id = users.id)") == 0);
  }

 private:
  std::unique_ptr<Database> open(PgCluster::Options cluster, AccessObserver* observer) {
    cluster.timeout_ms = 60'000;
    auto opened = PgDatabase::open({.cluster = std::move(cluster), .observer = observer, .after_migration = nullptr},
                                   loop_, events_, clock_);
    REQUIRE(opened);
    return std::move(*opened);
  }

  PgScratch scratch_{PgScratch::Schema::none};
  observe::EventLog events_{[](observe::EventLevel, std::string_view) {}};
};

}  // namespace roost::api
