#include <vector>

#include <fmt/core.h>

#include "tests/api/db/database_world.h"

// What the batcher counts on, of each database.

using namespace roost;
using namespace roost::api;
using batcher::KeyDelta;
using batcher::Outcome;
using batcher::TokenedLike;

namespace {

constexpr uint64_t kNegative = ~uint64_t{6};  // Of the databases' signed numbers.

/// Somebody's twelve tweets, and a store of likes.
template <class World>
struct Liking {
  World world;

  Liking() {
    const auto author = world.template ask<Registration>([&](Done<Registration> done) {
      world.database().insert_user({"author", "author@example.org", "Author", "", ""}, "r", std::move(done));
    });
    REQUIRE(author);
    for (int64_t id = 1; id <= 12; ++id) {
      const auto tweet = world.template ask<std::optional<Tweet>>([&](Done<std::optional<Tweet>> done) {
        world.database().insert_tweet(author->user.id, "text", "r", std::move(done));
      });
      REQUIRE(tweet);
      REQUIRE(*tweet);
      REQUIRE((*tweet)->id == id);
    }
  }
  Outcome apply(const std::string& name, uint64_t sequence, const std::vector<KeyDelta>& deltas,
                const std::vector<TokenedLike>& tokens = {}) {
    return world.likes().apply(journal(name), {sequence, deltas, tokens});
  }
  uint64_t applied_seq(const std::string& name) {
    const auto applied = world.likes().applied_seq(journal(name));
    REQUIRE(applied);
    return *applied;
  }
  int64_t likes(int64_t id) { return world.integer(fmt::format("SELECT likes FROM tweets WHERE id = {}", id)); }
  int64_t all_likes() { return world.integer("SELECT sum(likes) FROM tweets"); }
};

}  // namespace

TEST_CASE_TEMPLATE("contract: a batch adds its deltas and moves the journal on, once", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Liking<World> f;
  CHECK(f.applied_seq("j") == 0);
  CHECK(f.apply("j", 1, {{1, 11}, {3, 2}}) == Outcome::applied);
  CHECK(f.applied_seq("j") == 1);
  CHECK(f.likes(1) == 11);
  CHECK(f.likes(3) == 2);
  CHECK(f.apply("j", 1, {{1, 11}, {3, 2}}) == Outcome::unknown);  // sent again: the fence holds
  CHECK(f.apply("j", 3, {{1, 1}}) == Outcome::unknown);           // and none is left out
  CHECK(f.apply("other", 2, {{1, 1}}) == Outcome::unknown);
  CHECK(f.all_likes() == 13);
  CHECK(f.apply("j", 2, {{1, 1}}) == Outcome::applied);
  CHECK(f.likes(1) == 12);
  CHECK(f.applied_seq("j") == 2);
  CHECK(f.apply("fresh", 1, {}) == Outcome::applied);
  CHECK(f.applied_seq("fresh") == 1);
}

TEST_CASE_TEMPLATE("contract: likes of tweets that are gone are dropped, and their batch counts as applied", World,
                   SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Liking<World> f;
  CHECK(f.apply("j", 1, {{2, 5}, {99, 7}, {INT64_MAX, 1}}, {{99, {1, 1}}}) == Outcome::applied);
  CHECK(f.likes(2) == 5);
  CHECK(f.all_likes() == 5);
  CHECK(f.applied_seq("j") == 1);
}

TEST_CASE_TEMPLATE("contract: a journal that is forgotten starts at nothing", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Liking<World> f;
  CHECK(f.apply("j", 1, {{1, 1}}) == Outcome::applied);
  CHECK(f.world.likes().forget(journal("j")));
  CHECK(f.world.likes().forget(journal("j")));
  CHECK(f.world.integer("SELECT count(*) FROM like_journals") == 0);
  CHECK(f.applied_seq("j") == 0);
  CHECK(f.likes(1) == 1);
}

TEST_CASE_TEMPLATE("contract: a like under a name counts once, in whatever batch it comes", World, SqliteWorld,
                   PgWorld) {
  if (!World::available()) return;
  Liking<World> f;
  CHECK(f.apply("j", 1, {{1, 3}, {3, 2}, {5, 1}}, {{1, {7, 1}}, {1, {7, 2}}, {3, {7, 3}}, {5, {kNegative, 1}}}) ==
        Outcome::applied);
  CHECK(f.likes(1) == 3);
  // Again in another journal, beside new ones; twice in one batch; and for a tweet of which nothing is left then.
  CHECK(f.apply("other", 1, {{1, 3}, {2, 1}, {3, 4}, {5, 1}},
                {{1, {7, 2}}, {1, {7, 4}}, {2, {8, 1}}, {3, {7, 3}}, {3, {7, 5}}, {3, {7, 5}}, {5, {kNegative, 1}}}) ==
        Outcome::applied);
  CHECK(f.likes(1) == 5);
  CHECK(f.likes(2) == 1);
  CHECK(f.likes(3) == 4);
  CHECK(f.likes(5) == 1);
  CHECK(f.apply("other", 2, {{2, 1}}, {{2, {8, 1}}}) == Outcome::applied);
  CHECK(f.all_likes() == 11);
  CHECK(f.applied_seq("other") == 2);
}

TEST_CASE_TEMPLATE("contract: a batch that is not applied remembers no name", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Liking<World> f;
  CHECK(f.apply("j", 1, {{1, 1}}) == Outcome::applied);
  CHECK(f.apply("j", 1, {{1, 1}}, {{1, {7, 1}}}) == Outcome::unknown);
  CHECK(f.apply("j", 2, {{1, 1}}, {{1, {7, 1}}}) == Outcome::applied);
  CHECK(f.likes(1) == 2);
}

TEST_CASE_TEMPLATE("contract: names are forgotten when they are old, not before", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Liking<World> f;
  CHECK(f.apply("j", 1, {{1, 2}}, {{1, {7, 1}}, {1, {7, 2}}}) == Outcome::applied);
  const auto age = [&](int64_t low, int64_t by_ms) {
    f.world.run(fmt::format("UPDATE like_names SET applied_at_ms = applied_at_ms - {} WHERE low = {}", by_ms, low));
  };
  age(1, LikeStore::kTokenMemoryMs + 1000);
  age(2, LikeStore::kTokenMemoryMs - 60'000);
  const auto another = f.world.open_likes();  // Another worker, since this one has just looked.
  CHECK(another->apply(journal("k"), {1, {{1, 1}}, {{1, {7, 3}}}}) == Outcome::applied);
  CHECK(f.world.integer("SELECT count(*) FROM like_names") == 2);
  CHECK(f.apply("j", 2, {{1, 2}}, {{1, {7, 1}}, {1, {7, 2}}}) == Outcome::applied);
  CHECK(f.likes(1) == 4);
}
