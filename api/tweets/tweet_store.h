#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/db/database.h"
#include "api/db/db_cache.h"
#include "batcher/batcher.h"

namespace roost::api {

/// Tweets read through the DB cache, and the likes pending in this worker. Writes invalidate what they change. Loop
/// thread only.
class TweetStore {
 public:
  /// Told of a tweet that was created, edited or deleted here.
  using OnWritten = std::function<void(int64_t id)>;

  /// All outlive the store.
  TweetStore(Database& database, DbCache& cache, const batcher::Batcher& batcher, OnWritten on_written)
      : database_(database), cache_(cache), batcher_(batcher), on_written_(std::move(on_written)) {}

  using PageDone = Done<Reading<TweetPage>>;
  using Use = DbCache::Use;
  void timeline(ListRange range, Use use, const std::string& request_id, PageDone done);
  /// An absent page when there is no such tweet.
  void tweet(int64_t id, Use use, const std::string& request_id, PageDone done);
  void user_tweets(int64_t user_id, ListRange range, Use use, const std::string& request_id, PageDone done);
  void hashtag_tweets(const std::string& tag, ListRange range, Use use, const std::string& request_id, PageDone done);
  /// Tweets with all of the words (at least one, from extract_words).
  void word_tweets(std::vector<std::string> words, ListRange range, Use use, const std::string& request_id,
                   PageDone done);

  void insert(int64_t user_id, std::string content, const std::string& request_id, Done<std::optional<Tweet>> done);
  void update(int64_t id, int64_t user_id, std::string content, const std::string& request_id, Done<Change> done);
  void remove(int64_t id, int64_t user_id, const std::string& request_id, Done<Change> done);

  /// The database's count plus the likes pending here, none counted twice: for the answer to a like. Reads show the
  /// database's count alone, which is the same on all workers, so that it never decreases for a reader who is served by
  /// one worker after another.
  int64_t likes_here(const TweetPage& page, const Tweet& tweet) const {
    return tweet.likes + batcher_.pending_after(tweet.id, page.applied_seq);
  }
  /// The cached reading of the tweet, "no such tweet" included; nothing when it is not in the cache.
  std::optional<Reading<TweetPage>> kept(int64_t id) { return cache_.find<TweetPage>(tweet_key(id)); }
  /// The newest reading of the tweet that is in the cache, or `known`.
  Reading<TweetPage> newest(int64_t id, Reading<TweetPage> known);
  /// Invalidates these tweets: their counts have changed in the database.
  void on_likes_applied(std::span<const int64_t> ids);
  /// The reading before the tweet's last batch of likes: it proves that the tweet exists, though its count is old. With
  /// it likes are accepted while the database is away, although each batch invalidates the cached reading.
  std::optional<Reading<TweetPage>> last_read(int64_t id) const;
  static constexpr size_t kMaxLastRead = 10'000;

 private:
  static std::string tweet_key(int64_t id);
  void forget(int64_t id);

  Database& database_;
  DbCache& cache_;
  const batcher::Batcher& batcher_;
  const OnWritten on_written_;
  std::unordered_map<int64_t, Reading<TweetPage>> last_read_;
};

}  // namespace roost::api
