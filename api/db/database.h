#pragma once

#include <cstdint>
#include <string>

#include "api/db/tweet.h"
#include "common/base/result.h"
#include "common/base/task.h"

namespace roost::api {

/// The answer to one operation.
template <class T>
using Done = UniqueFunction<void(Result<T>)>;

/// What became of a change that only the owner may make.
enum class Change : uint8_t { made, not_found, not_owner };

/// What the API asks of a database, in its own words; SQL stays behind it. Calls are made on the loop's thread and
/// never block it; `done` runs on that thread at a later turn, exactly once, never inside the call. A retryable error
/// means that nothing happened and that the same may work later (queue full, database locked or gone): answer 503.
/// `request_id` is for the record of accesses alone.
class Database {
 public:
  virtual ~Database() = default;

  /// From now on every TweetPage tells how far this journal's likes were applied in its snapshot. Before serving.
  virtual void watch_journal(std::string journal) = 0;

  virtual void load_timeline(ListRange range, std::string request_id, Done<TweetPage> done) = 0;
  /// One tweet, or an absent page.
  virtual void load_tweet(int64_t id, std::string request_id, Done<TweetPage> done) = 0;
  virtual void load_user_tweets(int64_t user_id, ListRange range, std::string request_id, Done<TweetPage> done) = 0;
  /// `tag` without '#', compared without regard to case.
  virtual void load_hashtag_tweets(std::string tag, ListRange range, std::string request_id, Done<TweetPage> done) = 0;
  /// Durable when `done` runs. `content` is valid UTF-8 and within the limits already.
  virtual void insert_tweet(int64_t user_id, std::string content, std::string request_id, Done<Tweet> done) = 0;
  virtual void update_tweet(int64_t id, int64_t user_id, std::string content, std::string request_id,
                            Done<Change> done) = 0;
  virtual void delete_tweet(int64_t id, int64_t user_id, std::string request_id, Done<Change> done) = 0;
  /// Whether the database answers; not recorded as an access.
  virtual void ping(Done<void> done) = 0;
};

}  // namespace roost::api
