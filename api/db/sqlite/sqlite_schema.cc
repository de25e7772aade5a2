#include "api/db/sqlite/sqlite_schema.h"

#include <array>
#include <functional>

#include <fmt/format.h>

#include "api/db/words.h"

namespace roost::api {
namespace {

// Times are Unix milliseconds. AUTOINCREMENT: the id of a deleted tweet is never reused, since likes for it may still
// be pending.

/// One migration: statements, then work that SQL cannot do, then statements that depend on it.
struct Migration {
  const char* before;
  Result<void> (*fill)(SqliteConnection&) = nullptr;
  const char* after = "";
};

Result<void> fold_users(SqliteConnection& connection);
Result<void> index_words(SqliteConnection& connection);
Result<void> fold_and_index(SqliteConnection& connection) {
  auto folded = fold_users(connection);
  return folded ? index_words(connection) : folded;
}

constexpr std::array<Migration, 4> kMigrations{{
    {R"sql(
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
)sql"},
    // Users: text that is compared is stored folded (fold_text) beside the original. Older accounts have no address and
    // no password, so nobody can log in to them. The words of a tweet are those of extract_words; the tokenizer splits
    // them at spaces only, since it counts every byte outside ASCII as a letter.
    {R"sql(
ALTER TABLE users ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN username_folded TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN email_folded TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN display_name_folded TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN password_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN followers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN following INTEGER NOT NULL DEFAULT 0;
CREATE TABLE follows(
  follower_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  followee_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (follower_id, followee_id)
) WITHOUT ROWID;
CREATE INDEX follows_by_followee ON follows(followee_id, follower_id);
CREATE VIRTUAL TABLE tweet_words USING fts5(words, tokenize="ascii tokenchars '_'", detail=none, columnsize=0);
CREATE TRIGGER tweet_words_go AFTER DELETE ON tweets BEGIN
  DELETE FROM tweet_words WHERE rowid = old.id;
END;
)sql",
     fold_and_index, R"sql(
CREATE UNIQUE INDEX users_by_username ON users(username_folded);
CREATE UNIQUE INDEX users_by_email ON users(email_folded) WHERE email_folded <> '';
CREATE INDEX users_by_display_name ON users(display_name_folded, id);
)sql"},
    // Idempotency tokens of likes that have been counted.
    {R"sql(
CREATE TABLE like_names(
  high INTEGER NOT NULL,
  low INTEGER NOT NULL,
  applied_at_ms INTEGER NOT NULL,
  PRIMARY KEY (high, low)
) WITHOUT ROWID;
CREATE INDEX like_names_by_time ON like_names(applied_at_ms);
)sql"},
    // Which database this is: journals of likes name it, so that they are applied to no other.
    {R"sql(
CREATE TABLE database_identity(
  one INTEGER PRIMARY KEY CHECK (one = 1),
  identity TEXT NOT NULL
);
INSERT INTO database_identity VALUES(1, lower(hex(randomblob(16))));
)sql"},
}};

/// Calls `rewrite` with every row of `select` (an id and texts).
Result<void> rewrite_rows(SqliteConnection& connection, std::string_view select,
                          const std::function<Result<void>(const Statement&)>& rewrite) {
  const auto raw = connection.prepare(select);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement rows(*raw);
  while (true) {
    const auto row = rows.step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) return {};
    if (auto done = rewrite(rows); !done) return done;
  }
}

Result<void> fold_users(SqliteConnection& connection) {
  return rewrite_rows(connection, "SELECT id, username, display_name FROM users", [&](const Statement& row) {
    const auto raw =
        connection.prepare("UPDATE users SET username_folded = ?2, display_name_folded = ?3 WHERE id = ?1");
    if (!raw) return Result<void>(tl::unexpected<Error>(raw.error()));
    const std::string username = fold_text(row.text(1));
    const std::string display_name = fold_text(row.text(2));
    return Statement(*raw).bind(1, row.integer(0)).bind(2, username).bind(3, display_name).run();
  });
}

Result<void> index_words(SqliteConnection& connection) {
  return rewrite_rows(connection, "SELECT id, content FROM tweets", [&](const Statement& row) {
    const auto raw = connection.prepare("INSERT INTO tweet_words(rowid, words) VALUES(?1, ?2)");
    if (!raw) return Result<void>(tl::unexpected<Error>(raw.error()));
    const std::string words = fmt::format("{}", fmt::join(extract_words(row.text(1)), " "));
    return Statement(*raw).bind(1, row.integer(0)).bind(2, words).run();
  });
}

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
    const Migration& migration = kMigrations[next];
    if (auto applied = connection.execute(migration.before); !applied) return applied;
    if (migration.fill != nullptr) {
      if (auto filled = migration.fill(connection); !filled) return filled;
    }
    if (auto applied = connection.execute(migration.after); !applied) return applied;
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
