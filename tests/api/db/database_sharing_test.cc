// What holds when several workers have one database open and ask at once, of every database there is.

#include <functional>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "api/db/words.h"
#include "tests/api/db/database_world.h"

using namespace roost;
using namespace roost::api;

namespace {

/// Two workers' databases, and the questions that are not answered yet.
template <class World>
struct Sharing {
  World world;
  std::unique_ptr<Database> second = world.open_another();
  int waiting = 0;

  Database& db(int i) { return i % 2 == 0 ? world.database() : *second; }
  /// What takes the answer of a question that is asked beside others; the answer is no error.
  template <class T>
  Done<T> later(std::function<void(T)> take = {}) {
    ++waiting;
    return [this, take = std::move(take)](Result<T> answer) {
      --waiting;
      REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().what));
      if (take) take(std::move(*answer));
    };
  }
  void wait() {
    world.turn_until([this] { return waiting == 0; });
  }
  int64_t user(const std::string& name) {
    auto made = world.template ask<Registration>([&](Done<Registration> done) {
      world.database().insert_user({name, name + "@example.org", name, "", "h"}, "", std::move(done));
    });
    REQUIRE(made);
    REQUIRE(made->outcome == Registration::Outcome::made);
    return made->user.id;
  }
  UserPage load(int64_t id) {
    return *world.template ask<UserPage>(
        [&](Done<UserPage> done) { world.database().load_user(id, "", std::move(done)); });
  }
  int64_t count(int64_t id, FollowSide side) {
    const auto page = world.template ask<FollowPage>(
        [&](Done<FollowPage> done) { world.database().load_follows(id, side, {}, "", std::move(done)); });
    REQUIRE(page);
    return static_cast<int64_t>(page->users.size());
  }
  template <class Start>
  size_t tweets(Start start) {
    const auto page = world.template ask<TweetPage>(start);
    REQUIRE(page);
    return page->tweets.size();
  }
};

}  // namespace

TEST_CASE_TEMPLATE("sharing: a name and an address are one person's", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Sharing<World> s;
  using Outcome = Registration::Outcome;
  std::vector<int> name(3), address(3);
  for (int i = 0; i < 10; ++i) {
    s.db(i).insert_user(
        {i % 4 < 2 ? "wanted" : "WANTED", fmt::format("{}@example.org", i), "", "", "h"}, "",
        s.template later<Registration>([&](Registration r) { ++name[static_cast<size_t>(r.outcome)]; }));
    s.db(i).insert_user(
        {fmt::format("name{}", i), i % 4 < 2 ? "one@example.org" : "ONE@Example.org", "", "", "h"}, "",
        s.template later<Registration>([&](Registration r) { ++address[static_cast<size_t>(r.outcome)]; }));
  }
  s.wait();
  CHECK(name[static_cast<size_t>(Outcome::made)] == 1);
  CHECK(name[static_cast<size_t>(Outcome::username_taken)] == 9);
  CHECK(address[static_cast<size_t>(Outcome::made)] == 1);
  CHECK(address[static_cast<size_t>(Outcome::email_taken)] == 9);
}

TEST_CASE_TEMPLATE("sharing: what many do at once is done once", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Sharing<World> s;
  const int64_t one = s.user("one"), two = s.user("two");
  const auto tweet = s.world.template ask<std::optional<Tweet>>(
      [&](Done<std::optional<Tweet>> done) { s.world.database().insert_tweet(two, "a tweet", "", std::move(done)); });
  REQUIRE((tweet && *tweet));
  int followed = 0, unfollowed = 0, removed = 0, deleted = 0;
  for (int i = 0; i < 8; ++i)
    s.db(i).follow(one, two, "",
                   s.template later<FollowChange>([&](FollowChange c) { followed += c == FollowChange::made; }));
  s.wait();
  CHECK(followed == 1);
  CHECK(s.load(two).users[0].followers == 1);
  for (int i = 0; i < 8; ++i) {
    s.db(i).unfollow(one, two, "",
                     s.template later<FollowChange>([&](FollowChange c) { unfollowed += c == FollowChange::made; }));
    s.db(i).delete_tweet((*tweet)->id, two, "",
                         s.template later<Change>([&](Change c) { removed += c == Change::made; }));
  }
  s.wait();
  CHECK(unfollowed == 1);
  CHECK(removed == 1);
  CHECK(s.load(two).users[0].followers == 0);
  for (int i = 0; i < 8; ++i)
    s.db(i).delete_user(two, "", s.template later<Change>([&](Change c) { deleted += c == Change::made; }));
  s.wait();
  CHECK(deleted == 1);
  s.world.check_stored();
}

TEST_CASE_TEMPLATE("sharing: counts agree with the follows, whoever follows and leaves at once", World, SqliteWorld,
                   PgWorld) {
  if (!World::available()) return;
  Sharing<World> s;
  std::vector<int64_t> people;
  for (int i = 0; i < 7; ++i) people.push_back(s.user(fmt::format("person{}", i)));
  const size_t kLeaving = 2;  // the first two
  int step = 0;
  for (size_t round = 0; round < 3; ++round) {
    for (const int64_t from : people) {
      for (const int64_t to : people) {
        if (from == to) continue;
        s.db(++step).follow(from, to, "", s.template later<FollowChange>());
        if (step % 3 == 0) s.db(step + 1).unfollow(from, to, "", s.template later<FollowChange>());
      }
    }
    if (round < kLeaving) s.db(step).delete_user(people[round], "", s.template later<Change>());
  }
  s.wait();
  for (size_t i = 0; i < people.size(); ++i) {
    const UserPage page = s.load(people[i]);
    CHECK(page.absent() == (i < kLeaving));
    const int64_t followers = s.count(people[i], FollowSide::followers);
    const int64_t following = s.count(people[i], FollowSide::following);
    CHECK(followers == (page.absent() ? 0 : page.users[0].followers));
    CHECK(following == (page.absent() ? 0 : page.users[0].following));
    CHECK(followers < static_cast<int64_t>(people.size() - kLeaving));
  }
  s.world.check_stored();
}

TEST_CASE_TEMPLATE("sharing: of an account that goes while it writes nothing is left", World, SqliteWorld, PgWorld) {
  if (!World::available()) return;
  Sharing<World> s;
  for (int round = 0; round < 10; ++round) {
    const int64_t author = s.user(fmt::format("author{}", round));
    for (int i = 0; i < 6; ++i) {
      if (i == round % 6) s.db(i + round).delete_user(author, "", s.template later<Change>());
      s.db(i).insert_tweet(author, fmt::format("word{} #tag", i), "", s.template later<std::optional<Tweet>>());
    }
    s.wait();
    CHECK(s.load(author).absent());
    Database& db = s.world.database();
    CHECK(s.tweets([&](Done<TweetPage> done) { db.load_user_tweets(author, {}, "", std::move(done)); }) == 0);
    CHECK(s.tweets([&](Done<TweetPage> done) { db.load_hashtag_tweets("tag", {}, "", std::move(done)); }) == 0);
    for (int i = 0; i < 6; ++i) {
      const auto words = extract_words(fmt::format("word{}", i));
      CHECK(s.tweets([&](Done<TweetPage> done) { db.search_tweets(words, {}, "", std::move(done)); }) == 0);
    }
  }
  s.world.check_stored();
}
