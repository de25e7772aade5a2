#include "api/db/demo/demo.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "api/db/demo/demo_content.h"
#include "api/db/sqlite/sqlite_schema.h"
#include "api/db/sqlite/sqlite_tweets.h"
#include "api/db/sqlite/sqlite_users.h"
#include "tests/api/db/postgres/pg_scratch.h"
#include "tests/api/db/scratch.h"

using namespace roost;
using namespace roost::api;

namespace {

constexpr int64_t kNow = 1'772'359'200'000;
constexpr int64_t kDayMs = 24 * 60 * 60 * 1000;

struct Filling {
  ScratchDirectory scratch;
  std::string path = scratch.file("roost.db");
  std::unique_ptr<SqliteConnection> connection = open();
  std::atomic<int> hashes = 0;

  std::unique_ptr<SqliteConnection> open() const {
    auto opened = SqliteConnection::open(path, SqliteConnection::Mode::write, nullptr);
    REQUIRE(opened);
    REQUIRE(migrate(**opened));
    return std::move(*opened);
  }
  Result<void> fill(int64_t now_ms = kNow) {
    return fill_sqlite_with_demo(
        path, quiet_events(), [this]() -> Result<std::string> { return "hash " + std::to_string(++hashes); }, now_ms);
  }
  int64_t count(const std::string& sql) { return single_integer(*connection, sql); }
  int64_t tweets() { return count("SELECT count(*) FROM tweets"); }
  int64_t likes() { return count("SELECT coalesce(sum(likes), 0) FROM tweets"); }
};

int64_t sample_likes() {
  int64_t all = 0;
  for (const SampleTweet& tweet : sample_tweets()) all += tweet.likes;
  return all;
}

int64_t sample_count() {
  return static_cast<int64_t>(sample_tweets().size());
}

}  // namespace

TEST_CASE("the samples fit together and keep to the limits of the API") {
  std::set<std::string_view> names;
  for (const SampleUser& user : sample_users()) {
    CHECK(names.insert(user.username).second);
    CHECK(user.username.size() >= 3);
    CHECK(user.bio.size() <= 160);
  }
  for (const SampleUser& user : sample_users()) {
    CHECK((" " + std::string(user.follows) + " ").find(" " + std::string(user.username) + " ") == std::string::npos);
    for (size_t at = 0; at < user.follows.size();) {
      const size_t end = std::min(user.follows.find(' ', at), user.follows.size());
      CHECK(names.contains(user.follows.substr(at, end - at)));
      at = end + 1;
    }
  }
  int64_t before = INT64_MAX;
  std::set<std::string_view> contents;
  for (const SampleTweet& tweet : sample_tweets()) {
    CHECK(names.contains(tweet.username));
    CHECK(tweet.content.size() <= 280);
    CHECK(contents.insert(tweet.content).second);
    CHECK(tweet.minutes_ago < before);
    before = tweet.minutes_ago;
  }
}

TEST_CASE("an empty database is filled with people, follows, tweets and likes") {
  Filling f;
  REQUIRE(f.fill());
  CHECK(f.hashes == 1);
  CHECK(f.count("SELECT count(*) FROM users") == static_cast<int64_t>(sample_users().size()));
  CHECK(f.tweets() == sample_count());
  CHECK(f.likes() == sample_likes());
  SqliteUsers users(*f.connection, "");
  const auto login = users.login("demo");
  REQUIRE((login && login->found));
  CHECK(login->user.id == 1);
  CHECK(login->password_hash == "hash 1");
  CHECK(login->user.following == 4);
  CHECK(f.count("SELECT sum(followers) - (SELECT count(*) FROM follows) FROM users") == 0);
  CHECK(f.count("SELECT sum(following) - (SELECT count(*) FROM follows) FROM users") == 0);

  SqliteTweets tweets(*f.connection, "", "");
  const auto page = tweets.timeline({.limit = 200});
  REQUIRE(page);
  int64_t last = kNow;
  for (const Tweet& tweet : page->tweets) {
    CHECK(tweet.created_at_ms < last);
    CHECK(tweet.updated_at_ms == tweet.created_at_ms);
    last = tweet.created_at_ms;
  }
  CHECK(page->tweets.front().created_at_ms == kNow - 7 * 60'000);
  CHECK(last < kNow - 6 * kDayMs);
  CHECK(f.count("SELECT min(created_at_ms) FROM users") < last);
  CHECK(tweets.with_hashtag("birds", {})->tweets.size() >= 5);
}

TEST_CASE("what is filled already is left as it is") {
  Filling f;
  REQUIRE(f.fill());
  REQUIRE(f.connection->execute("DELETE FROM tweets WHERE id <= 3; DELETE FROM users WHERE username = 'olu'"));
  const int64_t tweets = f.tweets(), likes = f.likes();
  REQUIRE(f.fill(kNow + kDayMs));
  CHECK(f.tweets() == tweets);
  CHECK(f.likes() == likes);
  CHECK(f.hashes == 1);
}

TEST_CASE("a database with tweets of its own is left alone") {
  Filling f;
  const auto made = SqliteUsers(*f.connection, "").insert({"own", "own@example.org", "Own", "", "h"}, kNow);
  REQUIRE(made);
  REQUIRE(SqliteTweets(*f.connection, "", "").insert(made->user.id, "mine", kNow));
  REQUIRE(f.fill());
  CHECK(f.tweets() == 1);
  CHECK(f.count("SELECT count(*) FROM users") == 1);
}

TEST_CASE("nothing is written in the name of somebody who is called like a sample") {
  Filling f;
  const auto made = SqliteUsers(*f.connection, "").insert({"Mira", "me@example.com", "The real one", "", "h"}, kNow);
  REQUIRE(made);
  REQUIRE(f.fill());
  CHECK(SqliteTweets(*f.connection, "", "").of_user(made->user.id, {})->absent());
  CHECK(SqliteUsers(*f.connection, "").by_id(made->user.id)->users.front().followers == 0);
  CHECK(SqliteUsers(*f.connection, "").login("mira")->password_hash == "h");
  CHECK(f.tweets() > sample_count() / 2);
  CHECK(f.tweets() < sample_count());
}

TEST_CASE("several that fill at once fill once") {
  Filling f;
  std::vector<std::thread> fillers;
  std::atomic<int> filled = 0;
  for (int i = 0; i < 4; ++i) {
    fillers.emplace_back([&] {
      // Whoever is answered finds all of it there.
      const auto done = f.fill();
      auto connection = f.open();
      filled += done && single_integer(*connection, "SELECT count(*) FROM tweets") == sample_count() ? 1 : 0;
    });
  }
  for (std::thread& filler : fillers) filler.join();
  CHECK(filled == 4);
  CHECK(f.hashes == 1);
  CHECK(f.likes() == sample_likes());
}

TEST_CASE("what was interrupted anywhere is taken up where it ended") {
  // Back to what a filling leaves that ended after `written` tweets, the likes of `liked` of them applied.
  for (const auto& reached : {std::pair{0, 0}, {1, 0}, {1, 1}, {20, 19}, {20, 20}, {48, 47}}) {
    const int written = reached.first;
    const int liked = reached.second;
    CAPTURE(written);
    CAPTURE(liked);
    Filling f;
    REQUIRE(f.fill());
    REQUIRE(f.connection->execute(("DELETE FROM tweets WHERE id > " + std::to_string(written) +
                                   "; UPDATE tweets SET likes = 0 WHERE id > " + std::to_string(liked) +
                                   "; UPDATE like_journals SET applied_seq = " + std::to_string(liked + 1))
                                      .c_str()));
    REQUIRE(f.fill(kNow + 1));
    CHECK(f.tweets() == sample_count());
    CHECK(f.count("SELECT count(DISTINCT content) FROM tweets") == sample_count());
    CHECK(f.likes() == sample_likes());
    CHECK(f.count("SELECT count(*) FROM users") == static_cast<int64_t>(sample_users().size()));
  }
}

TEST_CASE("a filling that cannot hash a password says so, and the next one goes on") {
  Filling f;
  const auto refused = fill_sqlite_with_demo(
      f.path, quiet_events(), []() -> Result<std::string> { return fail("no memory"); }, kNow);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what == "no memory");
  REQUIRE(f.fill());
  CHECK(f.tweets() == sample_count());
}

TEST_CASE("postgres: several that fill at once fill once" * doctest::skip(!has_postgres())) {
  PgScratch scratch;
  ScratchDirectory directory;
  const auto fill = [&] {
    return fill_postgres_with_demo(
        {.url = postgres_url(), .replicas = {}, .pool = {}}, quiet_events(), directory.file("demo-lock"),
        []() -> Result<std::string> { return "hash"; }, kNow);
  };
  std::atomic<int> filled = 0;
  std::vector<std::thread> fillers;
  for (int i = 0; i < 3; ++i) fillers.emplace_back([&] { filled += fill() ? 1 : 0; });
  for (std::thread& filler : fillers) filler.join();
  CHECK(filled == 3);
  CHECK(scratch.integer("SELECT count(*) FROM users") == static_cast<int64_t>(sample_users().size()));
  CHECK(scratch.integer("SELECT count(*) FROM tweets") == sample_count());
  CHECK(scratch.integer("SELECT sum(likes) FROM tweets") == sample_likes());
  CHECK(scratch.integer("SELECT sum(followers) FROM users") == scratch.integer("SELECT count(*) FROM follows"));
  CHECK(scratch.integer("SELECT max(created_at_ms) FROM tweets") == kNow - 7 * 60'000);

  // Interrupted between a tweet and its likes.
  scratch.run(
      "DELETE FROM tweets WHERE id > 20; UPDATE tweets SET likes = 0 WHERE id = 20; "
      "UPDATE like_journals SET applied_seq = 20");
  CHECK(fill());
  CHECK(scratch.integer("SELECT count(DISTINCT content) FROM tweets") == sample_count());
  CHECK(scratch.integer("SELECT count(*) FROM tweets") == sample_count());
  CHECK(scratch.integer("SELECT sum(likes) FROM tweets") == sample_likes());
}
