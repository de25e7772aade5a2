#include "api/db/sqlite/sqlite_database.h"

#include <utility>

#include "api/db/sqlite/sqlite_schema.h"
#include "api/db/sqlite/sqlite_tweets.h"
#include "api/db/words.h"

namespace roost::api {

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(Options options, const Clock& clock) {
  using Mode = SqliteConnection::Mode;
  auto writer = SqliteConnection::open(options.path, Mode::write, options.observer);
  if (!writer) return tl::unexpected<Error>(writer.error());
  if (auto migrated = migrate(**writer); !migrated) return tl::unexpected<Error>(migrated.error());
  std::vector<std::unique_ptr<SqliteConnection>> readers;
  for (int i = 0; i < kReaders; ++i) {
    auto reader = SqliteConnection::open(options.path, Mode::read, options.observer);
    if (!reader) return tl::unexpected<Error>(reader.error());
    readers.push_back(std::move(*reader));
  }
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(std::move(options.deliver), clock));
  std::vector<std::unique_ptr<SqliteConnection>> writers;
  writers.push_back(std::move(*writer));
  database->writer_ = std::make_unique<WorkerThreads>(std::move(writers));
  database->readers_ = std::make_unique<WorkerThreads>(std::move(readers));
  return database;
}

void SqliteDatabase::load_timeline(ListRange range, ReadFor by, Done<TweetPage> done) {
  auto call = [this, range, request = std::move(by.request_id)](SqliteConnection& connection) {
    return SqliteTweets(connection, journal_, request).timeline(range);
  };
  run<TweetPage>(*readers_, std::move(call), std::move(done));
}

void SqliteDatabase::load_tweet(int64_t id, ReadFor by, Done<TweetPage> done) {
  auto call = [this, id, request = std::move(by.request_id)](SqliteConnection& connection) {
    return SqliteTweets(connection, journal_, request).by_id(id);
  };
  run<TweetPage>(*readers_, std::move(call), std::move(done));
}

void SqliteDatabase::load_user_tweets(int64_t user_id, ListRange range, ReadFor by, Done<TweetPage> done) {
  auto call = [this, user_id, range, request = std::move(by.request_id)](SqliteConnection& connection) {
    return SqliteTweets(connection, journal_, request).of_user(user_id, range);
  };
  run<TweetPage>(*readers_, std::move(call), std::move(done));
}

void SqliteDatabase::load_hashtag_tweets(std::string tag, ListRange range, ReadFor by, Done<TweetPage> done) {
  auto call = [this, tag = fold_text(tag), range, request = std::move(by.request_id)](SqliteConnection& connection) {
    return SqliteTweets(connection, journal_, request).with_hashtag(tag, range);
  };
  run<TweetPage>(*readers_, std::move(call), std::move(done));
}

void SqliteDatabase::search_tweets(std::vector<std::string> words, ListRange range, ReadFor by, Done<TweetPage> done) {
  auto call = [this, words = std::move(words), range,
               request = std::move(by.request_id)](SqliteConnection& connection) {
    return SqliteTweets(connection, journal_, request).search(words, range);
  };
  run<TweetPage>(*readers_, std::move(call), std::move(done));
}

void SqliteDatabase::insert_tweet(int64_t user_id, std::string content, std::string request_id,
                                  Done<std::optional<Tweet>> done) {
  auto call = [this, user_id, content = std::move(content),
               request = std::move(request_id)](SqliteConnection& connection) {
    return SqliteTweets(connection, journal_, request).insert(user_id, content, clock_.unix_ms());
  };
  run<std::optional<Tweet>>(*writer_, std::move(call), std::move(done));
}

void SqliteDatabase::update_tweet(int64_t id, int64_t user_id, std::string content, std::string request_id,
                                  Done<Change> done) {
  auto call = [this, id, user_id, content = std::move(content),
               request = std::move(request_id)](SqliteConnection& connection) {
    return SqliteTweets(connection, journal_, request).update(id, user_id, content, clock_.unix_ms());
  };
  run<Change>(*writer_, std::move(call), std::move(done));
}

void SqliteDatabase::delete_tweet(int64_t id, int64_t user_id, std::string request_id, Done<Change> done) {
  auto call = [this, id, user_id, request = std::move(request_id)](SqliteConnection& connection) {
    return SqliteTweets(connection, journal_, request).remove(id, user_id);
  };
  run<Change>(*writer_, std::move(call), std::move(done));
}

void SqliteDatabase::ping(Done<void> done) {
  auto call = [](SqliteConnection& connection) -> Result<void> {
    const auto raw = connection.prepare("SELECT 1 FROM schema_version LIMIT 1");
    if (!raw) return tl::unexpected<Error>(raw.error());
    return Statement(*raw).run();
  };
  run<void>(*readers_, std::move(call), std::move(done));
}

}  // namespace roost::api
