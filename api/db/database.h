#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/db/done.h"
#include "api/db/read_for.h"
#include "api/db/replica_stats.h"
#include "api/db/tweet.h"
#include "api/db/user_database.h"

namespace roost::api {

/// The database as the API sees it; SQL stays behind it. Calls are made on the loop's thread and never block it; `done`
/// runs on that thread at a later turn, exactly once, never inside the call. A retryable error means that nothing was
/// changed and that the call may be repeated (queue full, database locked or unreachable): answer 503. `request_id` is
/// only for the log of accesses.
class Database : public UserDatabase {
 public:
  /// From now on every TweetPage has this journal's applied sequence, read in its snapshot. Call before serving.
  virtual void watch_journal(std::string journal) = 0;

  virtual void load_timeline(ListRange range, ReadFor by, Done<TweetPage> done) = 0;
  /// One tweet, or an absent page.
  virtual void load_tweet(int64_t id, ReadFor by, Done<TweetPage> done) = 0;
  virtual void load_user_tweets(int64_t user_id, ListRange range, ReadFor by, Done<TweetPage> done) = 0;
  /// `tag` without '#', compared folded (fold_text).
  virtual void load_hashtag_tweets(std::string tag, ListRange range, ReadFor by, Done<TweetPage> done) = 0;
  /// Tweets with all of `words` (as extract_words makes them; at least one, at most kMaxSearchWords).
  virtual void search_tweets(std::vector<std::string> words, ListRange range, ReadFor by, Done<TweetPage> done) = 0;
  /// Durable when `done` runs; nothing when there is no such user. `content` is valid UTF-8 and within the limits
  /// already.
  virtual void insert_tweet(int64_t user_id, std::string content, std::string request_id,
                            Done<std::optional<Tweet>> done) = 0;
  virtual void update_tweet(int64_t id, int64_t user_id, std::string content, std::string request_id,
                            Done<Change> done) = 0;
  virtual void delete_tweet(int64_t id, int64_t user_id, std::string request_id, Done<Change> done) = 0;
  /// Whether the database answers; not recorded as an access.
  virtual void ping(Done<void> done) = 0;
  virtual ReplicaStats replica_stats() const { return {}; }
};

}  // namespace roost::api
