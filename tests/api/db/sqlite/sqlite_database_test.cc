#include "api/db/sqlite/sqlite_database.h"

#include <future>

#include <doctest/doctest.h>

#include "api/db/sqlite/sqlite_schema.h"
#include "tests/api/db/scratch.h"

using namespace roost;
using namespace roost::api;

namespace {

struct SqliteDatabaseFixture {
  ScratchDirectory directory;
  std::string path = directory.file("roost.db");
  ManualClock clock;
  AccessNotes notes;
  Deliveries deliveries;
  std::unique_ptr<SqliteDatabase> database;

  SqliteDatabaseFixture() {
    auto opened = SqliteDatabase::open({.path = path, .observer = &notes, .deliver = deliveries.post()}, clock);
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().what));
    database = std::move(*opened);
    const auto made = answer<Registration>([&](auto done) {
      database->insert_user({"demo", "demo@example.org", "Demo", "", "hash"}, "r", std::move(done));
    });
    REQUIRE((made && made->user.id == 1));
    notes.take();
  }
  /// Starts an operation with `start(done)` and waits for its answer.
  template <class T, class Start>
  Result<T> answer(Start start) {
    Result<T> answered = fail("not yet");
    start(Done<T>([&](Result<T> result) { answered = std::move(result); }));
    deliveries.run_one();
    return answered;
  }
  Tweet insert(const std::string& content) {
    auto tweet =
        answer<std::optional<Tweet>>([&](auto done) { database->insert_tweet(1, content, "r", std::move(done)); });
    REQUIRE((tweet && *tweet));
    return **tweet;
  }
  TweetPage timeline(ListRange range = {}) {
    auto page = answer<TweetPage>([&](auto done) { database->load_timeline(range, "r", std::move(done)); });
    REQUIRE(page);
    return *page;
  }
  Change remove(int64_t id, int64_t user_id) {
    auto change = answer<Change>([&](auto done) { database->delete_tweet(id, user_id, "r", std::move(done)); });
    REQUIRE(change);
    return *change;
  }
};

}  // namespace

TEST_CASE("a tweet is inserted, read, changed and deleted") {
  SqliteDatabaseFixture f;
  const Tweet tweet = f.insert("Hello #World");
  CHECK(tweet.id == 1);
  CHECK(tweet.username == "demo");
  CHECK(tweet.content == "Hello #World");
  CHECK(tweet.created_at_ms == f.clock.unix_ms());
  CHECK(tweet.likes == 0);
  auto page = f.answer<TweetPage>([&](auto done) { f.database->load_tweet(1, "r", std::move(done)); });
  REQUIRE(page);
  REQUIRE(page->tweets.size() == 1);
  CHECK(page->tweets[0] == tweet);

  f.clock.advance_ms(5);
  const auto update = [&](int64_t id, int64_t user) {
    return f.answer<Change>([&](auto done) { f.database->update_tweet(id, user, "now #other", "r", std::move(done)); });
  };
  CHECK(*update(1, 2) == Change::not_owner);
  CHECK(*update(7, 1) == Change::not_found);
  CHECK(*update(1, 1) == Change::made);
  CHECK(f.timeline().tweets[0].content == "now #other");
  CHECK(f.timeline().tweets[0].updated_at_ms == tweet.created_at_ms + 5);

  CHECK(f.remove(1, 2) == Change::not_owner);
  CHECK(f.remove(1, 1) == Change::made);
  CHECK(f.remove(1, 1) == Change::not_found);
  CHECK(f.timeline().absent());
  CHECK(f.insert("next").id == 2);  // an id is never given twice
}

TEST_CASE("lists are newest first and come in parts") {
  SqliteDatabaseFixture f;
  for (int i = 1; i <= 5; ++i) f.insert("tweet " + std::to_string(i));
  TweetPage page = f.timeline({.limit = 2});
  REQUIRE(page.tweets.size() == 2);
  CHECK(page.tweets[0].id == 5);
  CHECK(page.more);
  page = f.timeline({.limit = 2, .before = 3});
  REQUIRE(page.tweets.size() == 2);
  CHECK(page.tweets[1].id == 1);
  CHECK_FALSE(page.more);
  auto mine =
      f.answer<TweetPage>([&](auto done) { f.database->load_user_tweets(1, {.limit = 9}, "r", std::move(done)); });
  CHECK(mine->tweets.size() == 5);
  auto none = f.answer<TweetPage>([&](auto done) { f.database->load_user_tweets(2, {}, "r", std::move(done)); });
  CHECK(none->absent());
}

TEST_CASE("hashtags are found whatever their case, and follow the content") {
  SqliteDatabaseFixture f;
  f.insert("one #Birds");
  f.insert("two #birds and #bees");
  const auto tagged = [&](const std::string& tag) {
    return f.answer<TweetPage>([&](auto done) { f.database->load_hashtag_tweets(tag, {}, "r", std::move(done)); })
        ->tweets.size();
  };
  CHECK(tagged("BIRDS") == 2);
  CHECK(tagged("bees") == 1);
  CHECK(f.answer<Change>([&](auto done) { f.database->update_tweet(2, 1, "none", "r", std::move(done)); }));
  CHECK(tagged("birds") == 1);
  CHECK(tagged("bees") == 0);
  CHECK(f.remove(1, 1) == Change::made);
  CHECK(tagged("birds") == 0);
}

TEST_CASE("text that means something to SQL is only text") {
  SqliteDatabaseFixture f;
  const std::string nasty = "'); DROP TABLE tweets; -- \xF0\x9F\x90\xA6 \"quoted\"";
  CHECK(f.insert(nasty).content == nasty);
  CHECK(f.timeline().tweets[0].content == nasty);
}

TEST_CASE("every access is reported with its request") {
  SqliteDatabaseFixture f;
  auto inserted =
      f.answer<std::optional<Tweet>>([&](auto done) { f.database->insert_tweet(1, "a #b", "req-7", std::move(done)); });
  REQUIRE(inserted);
  CHECK(f.notes.take() == std::vector<std::string>{"INSERT tweet_hashtags 1 req-7", "INSERT tweet_words 1 req-7",
                                                   "INSERT tweets 1 req-7", "SELECT tweets 1 req-7"});
  f.timeline();
  CHECK(f.notes.take() == std::vector<std::string>{"SELECT tweets 1 r"});
}

TEST_CASE("a full queue is a retryable error, never a wait") {
  SqliteDatabaseFixture f;
  // The first job of each reader blocks in its delivery until the gate opens, so that the rest stays queued.
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  std::vector<std::unique_ptr<SqliteConnection>> connections;
  auto connection = SqliteConnection::open(f.path, SqliteConnection::Mode::read, nullptr);
  REQUIRE(connection);
  connections.push_back(std::move(*connection));
  std::atomic<size_t> ran = 0;
  size_t accepted = 0;
  {
    WorkerThreads threads(std::move(connections));
    REQUIRE(threads.submit([&](SqliteConnection&) { open.wait(); }));
    while (threads.queued() > 0) std::this_thread::yield();
    while (threads.submit([&](SqliteConnection&) { ++ran; })) ++accepted;
    CHECK(accepted == WorkerThreads::kMaxQueued);
    gate.set_value();
  }
  CHECK(ran == accepted);
}

TEST_CASE("workers that start together migrate once, and a newer schema is refused") {
  ScratchDirectory directory;
  const std::string path = directory.file("roost.db");
  ManualClock clock;
  std::vector<std::thread> starters;
  std::atomic<int> opened = 0;
  for (int i = 0; i < 4; ++i) {
    starters.emplace_back([&] {
      auto database = SqliteDatabase::open({.path = path, .observer = nullptr, .deliver = [](Task) {}}, clock);
      opened += database ? 1 : 0;
    });
  }
  for (std::thread& starter : starters) starter.join();
  CHECK(opened == 4);
  auto connection = SqliteConnection::open(path, SqliteConnection::Mode::write, nullptr);
  REQUIRE(connection);
  CHECK(single_integer(**connection, "SELECT count(*) FROM schema_version") == schema_version());
  CHECK((*connection)->execute("INSERT INTO schema_version VALUES(999)"));
  auto refused = SqliteDatabase::open({.path = path, .observer = nullptr, .deliver = [](Task) {}}, clock);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("schema version 999") != std::string::npos);
}

TEST_CASE("a database that cannot be opened says so") {
  ManualClock clock;
  auto refused =
      SqliteDatabase::open({.path = "/does/not/exist/x.db", .observer = nullptr, .deliver = [](Task) {}}, clock);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("/does/not/exist/x.db") != std::string::npos);
}

TEST_CASE("ping answers") {
  SqliteDatabaseFixture f;
  CHECK(f.answer<void>([&](auto done) { f.database->ping(std::move(done)); }));
}
