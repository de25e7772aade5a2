#include "api/db/sqlite/sqlite_like_store.h"

#include <future>
#include <thread>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include "api/db/sqlite/sqlite_schema.h"
#include "api/db/sqlite/sqlite_tweets.h"
#include "tests/api/db/scratch.h"

using namespace roost;
using namespace roost::api;
using batcher::KeyDelta;
using batcher::Outcome;

namespace {

struct SqliteLikeStoreFixture {
  ScratchDirectory directory;
  std::string path = directory.file("roost.db");
  AccessNotes notes;
  std::unique_ptr<SqliteLikeStore> store;
  std::unique_ptr<SqliteConnection> connection;

  SqliteLikeStoreFixture() {
    auto opened = SqliteConnection::open(path, SqliteConnection::Mode::write, nullptr);
    REQUIRE(opened);
    connection = std::move(*opened);
    REQUIRE(migrate(*connection));
    REQUIRE(
        connection->execute("INSERT INTO users(username, display_name, created_at_ms, updated_at_ms) "
                            "VALUES('a', 'A', 1, 1)"));
    for (int i = 0; i < 12; ++i) {
      REQUIRE(connection->execute(
          "INSERT INTO tweets(user_id, content, created_at_ms, updated_at_ms) VALUES(1, 'text', 1, 1)"));
    }
    store = open_store();
  }
  std::unique_ptr<SqliteLikeStore> open_store() {
    auto opened = SqliteLikeStore::open(path, &notes, quiet_events());
    REQUIRE(opened);
    return std::move(*opened);
  }
  Outcome apply(const std::string& name, uint64_t sequence, const std::vector<KeyDelta>& deltas) {
    return store->apply(journal(name), {sequence, deltas});
  }
  int64_t likes(int64_t id) {
    return single_integer(*connection, fmt::format("SELECT likes FROM tweets WHERE id = {}", id));
  }
  int64_t all_likes() { return single_integer(*connection, "SELECT sum(likes) FROM tweets"); }
};

}  // namespace

TEST_CASE("a large batch is two statements") {
  SqliteLikeStoreFixture f;
  f.notes.take();
  std::vector<KeyDelta> deltas;
  for (int64_t id = 1; id <= 10'000; ++id) deltas.push_back({id, 3});
  CHECK(f.apply("j", 1, deltas) == Outcome::applied);
  CHECK(f.all_likes() == 36);
  CHECK(f.notes.take() == std::vector<std::string>{"INSERT like_journals 1 ", "UPDATE tweets 12 "});
}

TEST_CASE("a page's applied sequence and its counts are of one moment") {
  SqliteLikeStoreFixture f;
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (uint64_t sequence = 1; sequence <= 200; ++sequence)
      CHECK(f.apply("j", sequence, {{1, 1}, {5, 1}}) == Outcome::applied);
    done = true;
  });
  auto reader = SqliteConnection::open(f.path, SqliteConnection::Mode::read, nullptr);
  REQUIRE(reader);
  const std::string id = journal("j").hex();
  SqliteTweets tweets(**reader, id, "r");
  int64_t disagreements = 0;
  do {
    auto page = tweets.by_id(5);
    REQUIRE(page);
    disagreements += page->tweets[0].likes != static_cast<int64_t>(page->applied_seq) ? 1 : 0;
  } while (!done);
  writer.join();
  CHECK(disagreements == 0);
  CHECK(tweets.by_id(5)->applied_seq == 200);
}

TEST_CASE("writers of several connections never lose a batch") {
  SqliteLikeStoreFixture f;
  std::vector<std::thread> writers;
  std::atomic<int> applied = 0;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&f, &applied, w] {
      auto store = SqliteLikeStore::open(f.path, nullptr, quiet_events());
      const batcher::JournalId own = journal("journal-" + std::to_string(w));
      for (uint64_t sequence = 1; sequence <= 60; ++sequence) {
        applied += (*store)->apply(own, {sequence, {{1, 1}}}) == Outcome::applied ? 1 : 0;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(applied == 180);
  CHECK(f.likes(1) == 180);
}

TEST_CASE("a write that cannot have the lock is not applied") {
  ScratchDirectory directory;
  auto first = WriteLock::open(directory.file("lock"));
  auto second = WriteLock::open(directory.file("lock"));
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->lock(0));
  auto refused = second->lock(0);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().retryable);
  first->unlock();
  CHECK(second->lock(0));
}

TEST_CASE("who waits for the lock has it before the one that has just had it") {
  ScratchDirectory directory;
  const std::string path = directory.file("lock");
  auto busy = WriteLock::open(path);
  REQUIRE(busy);
  REQUIRE(busy->lock(0));
  std::promise<void> seen;
  std::thread waiting([&] {
    auto other = WriteLock::open(path);
    CHECK(other->lock(60'000));
    seen.get_future().wait();
  });
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  struct flock turn {};
  const auto patience = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  do {
    turn = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1, .l_pid = 0};
    REQUIRE(::fcntl(fd, F_OFD_GETLK, &turn) == 0);
  } while (turn.l_type == F_UNLCK && std::chrono::steady_clock::now() < patience);
  CHECK(turn.l_type != F_UNLCK);
  busy->unlock();
  CHECK_FALSE(busy->lock(0));
  seen.set_value();
  waiting.join();
  CHECK(busy->lock(0));
  ::close(fd);
}

TEST_CASE("the WAL is moved into the database when it has grown") {
  SqliteLikeStoreFixture f;
  // Each transaction rewrites the pages of all tweets; far more than kCheckpointPages are written in all.
  REQUIRE(f.connection->execute("CREATE TABLE ballast(id INTEGER PRIMARY KEY, bytes BLOB)"));
  for (int i = 0; i < 30; ++i) {
    REQUIRE(f.connection->write(
        [&] { return f.connection->execute("INSERT INTO ballast(bytes) VALUES(randomblob(400000))"); }));
  }
  const auto wal_bytes = std::filesystem::file_size(f.path + "-wal");
  CHECK(wal_bytes < 2 * SqliteConnection::kCheckpointPages * 4096);
  CHECK(single_integer(*f.connection, "SELECT count(*) FROM ballast") == 30);
}
