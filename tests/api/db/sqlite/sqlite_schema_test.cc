#include "api/db/sqlite/sqlite_schema.h"

#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "api/db/sqlite/sqlite_follows.h"
#include "api/db/sqlite/sqlite_tweets.h"
#include "api/db/sqlite/sqlite_users.h"
#include "api/db/words.h"
#include "tests/api/db/scratch.h"

using namespace roost;
using namespace roost::api;

namespace {

// As version 1 made them.
constexpr const char* kVersionOne = R"sql(
CREATE TABLE schema_version(version INTEGER NOT NULL);
INSERT INTO schema_version VALUES(1);
CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT NOT NULL UNIQUE COLLATE NOCASE,
  display_name TEXT NOT NULL, bio TEXT NOT NULL DEFAULT '', created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL);
CREATE TABLE tweets(id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE, content TEXT NOT NULL,
  likes INTEGER NOT NULL DEFAULT 0, created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL);
CREATE INDEX tweets_by_user ON tweets(user_id, id);
CREATE TABLE tweet_hashtags(tag TEXT NOT NULL, tweet_id INTEGER NOT NULL REFERENCES tweets(id) ON DELETE CASCADE,
  PRIMARY KEY (tag, tweet_id)) WITHOUT ROWID;
CREATE INDEX hashtags_by_tweet ON tweet_hashtags(tweet_id);
CREATE TABLE like_journals(journal TEXT PRIMARY KEY, applied_seq INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO users VALUES(1, 'demo', 'Demo Straße', '', 5, 5), (2, 'Mira', 'Mira', '', 5, 5);
INSERT INTO tweets VALUES(7, 1, 'An OLD one', 3, 5, 5);
)sql";

std::unique_ptr<SqliteConnection> open(const std::string& path) {
  auto opened = SqliteConnection::open(path, SqliteConnection::Mode::write, nullptr);
  REQUIRE(opened);
  return std::move(*opened);
}

/// Notes the text of every statement that is prepared.
struct Prepared {
  explicit Prepared(sqlite3* raw) {
    sqlite3_trace_v2(
        raw, SQLITE_TRACE_STMT,
        [](unsigned, void* self, void* statement, void*) {
          static_cast<Prepared*>(self)->texts[sqlite3_sql(static_cast<sqlite3_stmt*>(statement))] = true;
          return 0;
        },
        this);
  }
  std::map<std::string, bool> texts;
};

sqlite3* handle(SqliteConnection& connection) {
  return sqlite3_db_handle(*connection.prepare("SELECT 1"));
}

std::string plan(sqlite3* raw, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_prepare_v2(raw, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &statement, nullptr) == SQLITE_OK);
  std::string steps;
  while (sqlite3_step(statement) == SQLITE_ROW)
    steps += std::string(reinterpret_cast<const char*>(sqlite3_column_text(statement, 3))) + "\n";
  sqlite3_finalize(statement);
  return steps;
}

}  // namespace

TEST_CASE("a database of version 1 is brought up to date with all it holds") {
  ScratchDirectory scratch;
  const auto connection = open(scratch.file("old.db"));
  REQUIRE(connection->execute(kVersionOne));
  REQUIRE(migrate(*connection));
  REQUIRE(migrate(*connection));  // again changes nothing
  CHECK(SqliteUsers(*connection, "").search("MIRA")->users.front().id == 2);
  CHECK(SqliteUsers(*connection, "").search("demo strasse")->users.front().id == 1);
  CHECK(SqliteTweets(*connection, "", "").search(extract_words("old"), {})->tweets.front().id == 7);
  CHECK_FALSE(SqliteUsers(*connection, "").login("")->found);
  CHECK(SqliteUsers(*connection, "").insert({"new", "n@example.org", "N", "", "h"}, 9)->user.id == 3);
}

TEST_CASE("no statement that reads goes through a whole table or sorts it") {
  ScratchDirectory scratch;
  const auto connection = open(scratch.file("plans.db"));
  REQUIRE(migrate(*connection));
  Prepared prepared(handle(*connection));
  SqliteTweets tweets(*connection, "j", "");
  SqliteUsers users(*connection, "");
  SqliteFollows follows(*connection, "");
  const std::vector<std::string> words{"a", "b"};
  REQUIRE((tweets.timeline({}) && tweets.by_id(1) && tweets.of_user(1, {}) && tweets.with_hashtag("a", {}) &&
           tweets.search(words, {})));
  REQUIRE((users.login("a") && users.by_id(1) && users.list({}) && users.search("a")));
  REQUIRE((follows.list(1, FollowSide::followers, {}) && follows.list(1, FollowSide::following, {})));
  REQUIRE((users.remove(1) && follows.add(1, 2, 0) && tweets.remove(1, 1)));
  size_t looked_at = 0;
  for (const auto& entry : prepared.texts) {
    const std::string& sql = entry.first;
    if (sql.find(" FROM ") == std::string::npos || sql.starts_with("--")) continue;
    const std::string steps = plan(handle(*connection), sql);
    CAPTURE(sql);
    CAPTURE(steps);
    // Newest first is the table's own order: such a scan ends at the limit. FTS5 gives its rows in the order asked for.
    const bool ordered = sql.find("ORDER BY t.id DESC LIMIT") != std::string::npos ||
                         sql.find("ORDER BY u.id DESC LIMIT") != std::string::npos;
    for (const char* scan : {"SCAN t\n", "SCAN u\n", "SCAN tweets\n", "SCAN users\n", "SCAN follows\n", "SCAN f\n"})
      CHECK((ordered || steps.find(scan) == std::string::npos));
    if (sql.find("IN (SELECT") == std::string::npos) CHECK(steps.find("TEMP B-TREE") == std::string::npos);
    ++looked_at;
  }
  CHECK(looked_at >= 12);
}
