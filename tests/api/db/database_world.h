#pragma once

#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "api/db/database.h"
#include "api/db/pg_database.h"
#include "api/db/pg_like_store.h"
#include "api/db/sqlite_database.h"
#include "api/db/sqlite_like_store.h"
#include "common/net/event_loop.h"
#include "tests/api/db/pg_scratch.h"
#include "tests/api/db/scratch.h"

namespace roost::api {

/// A database with the loop it answers on, asked as if it blocked. Made empty for each test.
class DatabaseWorld {
 public:
  virtual ~DatabaseWorld() = default;
  Database& database() { return *database_; }
  LikeStore& likes() { return *likes_; }
  net::EventLoop& loop() { return loop_; }

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
  std::unique_ptr<LikeStore> likes_;
  std::unique_ptr<Database> database_;
};

class SqliteWorld final : public DatabaseWorld {
 public:
  static bool available() { return true; }
  SqliteWorld() {
    const std::string path = directory_.file("roost.db");
    auto opened = SqliteDatabase::open(
        {.path = path, .observer = nullptr, .deliver = [this](Task task) { loop_.post(std::move(task)); }}, clock_);
    REQUIRE(opened);
    database_ = std::move(*opened);
    auto likes = SqliteLikeStore::open(path, nullptr);
    REQUIRE(likes);
    likes_ = std::move(*likes);
  }

 private:
  ScratchDirectory directory_;
};

class PgWorld final : public DatabaseWorld {
 public:
  static bool available() { return has_postgres(); }
  explicit PgWorld(PgPool::Options pool = {}, std::string url = postgres_url(), AccessObserver* observer = nullptr) {
    auto opened = PgDatabase::open(
        {.cluster = {.url = url, .replicas = {}, .pool = pool}, .observer = observer, .after_migration = nullptr},
        loop_, events_, clock_);
    REQUIRE(opened);
    database_ = std::move(*opened);
    likes_ = std::make_unique<PgLikeStore>(target_of(postgres_url()), PgSession::Limits{}, nullptr);
  }
  PgScratch& scratch() { return scratch_; }

 private:
  PgScratch scratch_{PgScratch::Schema::none};
  observe::EventLog events_{[](observe::EventLevel, std::string_view) {}};
};

}  // namespace roost::api
