#include "api/db/schema.h"

#include <array>

#include <fmt/core.h>

namespace roost::api {
namespace {

// Times are milliseconds of Unix time. AUTOINCREMENT: the id of a deleted tweet is never given again, since likes for
// it may still be on their way.
constexpr std::array<const char*, 1> kMigrations{
    R"sql(
CREATE TABLE users(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  username TEXT NOT NULL UNIQUE COLLATE NOCASE,
  display_name TEXT NOT NULL,
  bio TEXT NOT NULL DEFAULT '',
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
);
CREATE TABLE tweets(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  content TEXT NOT NULL,
  likes INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
);
CREATE INDEX tweets_by_user ON tweets(user_id, id);
CREATE TABLE tweet_hashtags(
  tag TEXT NOT NULL,
  tweet_id INTEGER NOT NULL REFERENCES tweets(id) ON DELETE CASCADE,
  PRIMARY KEY (tag, tweet_id)
) WITHOUT ROWID;
CREATE INDEX hashtags_by_tweet ON tweet_hashtags(tweet_id);
CREATE TABLE like_journals(
  journal TEXT PRIMARY KEY,
  applied_seq INTEGER NOT NULL
) WITHOUT ROWID;
)sql"};

Result<int64_t> stored_version(SqliteConnection& connection) {
  if (auto made = connection.execute("CREATE TABLE IF NOT EXISTS schema_version(version INTEGER NOT NULL)"); !made)
    return tl::unexpected<Error>(made.error());
  auto raw = connection.prepare("SELECT max(version) FROM schema_version");
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  auto row = statement.step();
  if (!row) return tl::unexpected<Error>(row.error());
  return statement.integer(0);
}

Result<void> apply_missing(SqliteConnection& connection) {
  const auto version = stored_version(connection);
  if (!version) return tl::unexpected<Error>(version.error());
  if (*version > schema_version())
    return fail(fmt::format("the database has schema version {}, this program knows {}: start a newer one", *version,
                            schema_version()));
  for (auto next = static_cast<size_t>(*version); next < kMigrations.size(); ++next) {
    if (auto applied = connection.execute(kMigrations[next]); !applied) return applied;
    const std::string note = fmt::format("INSERT INTO schema_version VALUES({})", next + 1);
    if (auto noted = connection.execute(note.c_str()); !noted) return noted;
  }
  return {};
}

}  // namespace

int64_t schema_version() {
  return static_cast<int64_t>(kMigrations.size());
}

Result<void> migrate(SqliteConnection& connection) {
  return connection.write([&] { return apply_missing(connection); });
}

}  // namespace roost::api
