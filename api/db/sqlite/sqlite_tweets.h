#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/db/database.h"
#include "api/db/sqlite/sqlite_connection.h"
#include "api/db/tweet.h"
#include "common/base/result.h"

namespace roost::api {

/// The statements about tweets, each a blocking call on one connection (its thread); semantics as in Database. Every
/// call reports its accesses to the connection's observer under `request_id`.
class SqliteTweets {
 public:
  /// `journal`: whose applied sequence the pages have; empty for none.
  SqliteTweets(SqliteConnection& connection, std::string_view journal, std::string_view request_id)
      : connection_(connection), journal_(journal), request_id_(request_id) {}

  Result<TweetPage> timeline(ListRange range);
  Result<TweetPage> by_id(int64_t id);
  Result<TweetPage> of_user(int64_t user_id, ListRange range);
  Result<TweetPage> with_hashtag(std::string_view tag, ListRange range);
  Result<TweetPage> search(std::span<const std::string> words, ListRange range);
  /// Nothing when there is no such user.
  Result<std::optional<Tweet>> insert(int64_t user_id, std::string_view content, int64_t now_ms);
  Result<Change> update(int64_t id, int64_t user_id, std::string_view content, int64_t now_ms);
  Result<Change> remove(int64_t id, int64_t user_id);
  /// Stores the hashtags and words of a tweet. In a write transaction; for callers with an INSERT of their own.
  Result<void> index(int64_t id, std::string_view content);

 private:
  Result<TweetPage> page(Statement& statement, int64_t limit, AccessScope& access);
  Result<Change> check_owner(int64_t id, int64_t user_id);
  Result<void> store_hashtags(int64_t id, std::string_view content);
  Result<void> store_words(int64_t id, std::string_view content);
  Result<void> run_on_tweet(std::string_view operation, std::string_view table, std::string_view sql, int64_t id);

  SqliteConnection& connection_;
  std::string_view journal_;
  std::string_view request_id_;
};

}  // namespace roost::api
