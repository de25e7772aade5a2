#include "api/db/postgres/pg_like_store.h"

#include <atomic>
#include <thread>

#include <fmt/core.h>

#include "tests/api/db/postgres/pg_scratch.h"
#include "tests/api/db/scratch.h"

using namespace roost;
using namespace roost::api;
using batcher::KeyDelta;
using batcher::Outcome;
using batcher::TokenedLike;

namespace {

struct PgLikeStoreFixture {
  PgScratch database;
  AccessNotes notes;
  PgLikeStore store{target_of(postgres_url()), {}, &notes, quiet_events()};

  PgLikeStoreFixture() { database.add_tweets(12); }
  Outcome apply(const std::string& name, uint64_t sequence, const std::vector<KeyDelta>& deltas) {
    return store.apply(journal(name), {sequence, deltas});
  }
  int64_t likes(int64_t id) { return database.integer(fmt::format("SELECT likes FROM tweets WHERE id = {}", id)); }
  int64_t all_likes() { return database.integer("SELECT sum(likes) FROM tweets"); }
};

/// Blocks every statement that touches the journal's row, in a session of its own, until it is released.
class RowHeld {
 public:
  explicit RowHeld(const std::string& name) {
    const auto held = session_->run_script(
        "BEGIN; SELECT 1 FROM like_journals WHERE journal = '" + journal(name).hex() + "' FOR UPDATE", 5000);
    REQUIRE(held);
  }
  void release() { REQUIRE(session_->run_script("COMMIT", 5000)); }

 private:
  std::unique_ptr<PgSession> session_ = open_session();
};

}  // namespace

TEST_CASE("postgres: a large batch is one statement" * doctest::skip(!has_postgres())) {
  PgLikeStoreFixture f;
  f.apply("j", 1, {});
  f.notes.take();
  std::vector<KeyDelta> deltas;
  for (int64_t id = 1; id <= 10'000; ++id) deltas.push_back({id, 3});
  CHECK(f.apply("j", 2, deltas) == Outcome::applied);
  CHECK(f.all_likes() == 36);
  CHECK(f.notes.take() == std::vector<std::string>{"UPDATE tweets 12 "});
}

TEST_CASE("postgres: two workers that bring the same names at once count each once" * doctest::skip(!has_postgres())) {
  PgLikeStoreFixture f;
  std::vector<std::thread> writers;
  std::atomic<int> applied = 0;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&applied, w] {
      PgLikeStore store(target_of(postgres_url()), {}, nullptr, quiet_events());
      uint64_t sequence = 1;
      for (int64_t round = 0; round < 50; ++round) {
        std::vector<KeyDelta> deltas;
        std::vector<TokenedLike> once;
        for (int64_t id = 1; id <= 12; ++id) {
          deltas.push_back({id, 1});
          once.push_back({id, {static_cast<uint64_t>(round), static_cast<uint64_t>(id)}});
        }
        while (store.apply(journal("journal-" + std::to_string(w)), {sequence, deltas, once}) != Outcome::applied) {
        }
        ++sequence;
        ++applied;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(applied == 200);
  CHECK(f.all_likes() == 50 * 12);
}

TEST_CASE("postgres: who asks takes the journal over from who asked before" * doctest::skip(!has_postgres())) {
  PgLikeStoreFixture f;
  PgLikeStore dead(target_of(postgres_url()), {}, nullptr, quiet_events());
  const KeyDelta delta{1, 1};
  CHECK(*dead.applied_seq(journal("j")) == 0);
  CHECK(*f.store.applied_seq(journal("j")) == 0);
  // What the dead one had on its way arrives after the question was answered: it must not commit.
  CHECK(dead.apply(journal("j"), {1, {delta}}) == Outcome::unknown);
  CHECK(f.all_likes() == 0);
  CHECK(f.apply("j", 1, {delta}) == Outcome::applied);
  // Nor after the journal was drained and forgotten.
  CHECK(f.store.forget(journal("j")));
  CHECK(dead.apply(journal("j"), {1, {delta}}) == Outcome::unknown);
  CHECK(f.all_likes() == 1);
}

TEST_CASE("postgres: the question waits for an attempt that is in its transaction" * doctest::skip(!has_postgres())) {
  PgLikeStoreFixture f;
  CHECK(f.apply("j", 1, {{1, 1}}) == Outcome::applied);
  RowHeld held("j");
  std::atomic<bool> answered = false;
  uint64_t answer = 99;
  std::thread asking([&] {
    PgLikeStore other(target_of(postgres_url()), {}, nullptr, quiet_events());
    const auto applied = other.applied_seq(journal("j"));
    answer = applied ? *applied : 77;
    answered = true;
  });
  while (f.database.integer("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == 0) {
  }
  CHECK_FALSE(answered);
  held.release();
  asking.join();
  CHECK(answer == 1);
}

TEST_CASE("postgres: stores of several workers never lose a batch" * doctest::skip(!has_postgres())) {
  PgLikeStoreFixture f;
  std::vector<std::thread> writers;
  std::atomic<int> applied = 0;
  for (int w = 0; w < 4; ++w) {
    writers.emplace_back([&applied, w] {
      PgLikeStore store(target_of(postgres_url()), {}, nullptr, quiet_events());
      std::vector<KeyDelta> deltas;
      for (int64_t id = 1; id <= 12; ++id) deltas.push_back({id, 1});
      for (uint64_t sequence = 1; sequence <= 50; ++sequence)
        applied += store.apply(journal("journal-" + std::to_string(w)), {sequence, deltas}) == Outcome::applied;
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(applied == 200);
  CHECK(f.all_likes() == 200 * 12);
}

TEST_CASE("postgres: a statement that takes too long is not applied" * doctest::skip(!has_postgres())) {
  PgLikeStoreFixture f;
  PgLikeStore hasty(target_of(postgres_url()), {.statement_timeout_ms = 100}, nullptr, quiet_events());
  const KeyDelta delta{1, 1};
  const auto bring = [&](uint64_t sequence) {  // on a busy machine anything may take too long
    while (hasty.apply(journal("j"), {sequence, {delta}}) != Outcome::applied) {
    }
  };
  bring(1);
  RowHeld held("j");
  CHECK(hasty.apply(journal("j"), {2, {delta}}) == Outcome::not_applied);
  CHECK_FALSE(hasty.applied_seq(journal("j")));
  held.release();
  bring(2);
  CHECK(f.likes(1) == 2);
}

TEST_CASE("postgres: without a server nothing is applied, and each call ends") {
  PgLikeStore store(target_of("postgres://roost@127.0.0.1:1/none"), {.connect_timeout_ms = 500}, nullptr,
                    quiet_events());
  const KeyDelta delta{1, 1};
  CHECK(store.apply(journal("j"), {1, {delta}}) == Outcome::not_applied);
  const auto asked = store.applied_seq(journal("j"));
  REQUIRE_FALSE(asked);
  CHECK(store.forget(journal("j")).error().what.find("127.0.0.1") != std::string::npos);
}

TEST_CASE("postgres: a connection that the server ended is made anew" * doctest::skip(!has_postgres())) {
  PgLikeStoreFixture f;
  CHECK(f.apply("j", 1, {{1, 1}}) == Outcome::applied);
  f.database.run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
      "datname = current_database()");
  // Whether the end was seen before the batch was sent or after, nothing is lost and nothing counts twice.
  Outcome outcome = f.apply("j", 2, {{1, 1}});
  if (outcome == Outcome::unknown) {
    REQUIRE(*f.store.applied_seq(journal("j")) == 1);
    outcome = f.apply("j", 2, {{1, 1}});
  }
  CHECK(outcome == Outcome::applied);
  CHECK(f.likes(1) == 2);
}
