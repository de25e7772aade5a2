#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace roost::api {

/// When this worker last wrote what a read may show, so that the read is not answered by a replica that has not got it
/// yet. Times are of one monotonic clock, in milliseconds; kNever where nothing was written. Not thread-safe.
class OwnWrites {
 public:
  static constexpr int64_t kNever = INT64_MIN;
  /// Tweets that are remembered one by one; when there are more, all count as written at that time.
  static constexpr size_t kMaxTweets = 4096;

  void tweet(int64_t id, int64_t now_ms);
  void people(int64_t now_ms) { people_ms_ = now_ms; }
  /// An account was deleted, with its tweets.
  void account(int64_t now_ms);

  int64_t last_of_tweet(int64_t id) const;
  /// Of lists and searches of tweets.
  int64_t last_of_tweets() const { return lists_ms_; }
  int64_t last_of_people() const { return people_ms_; }

 private:
  std::unordered_map<int64_t, int64_t> tweets_;
  int64_t all_tweets_ms_ = kNever;
  int64_t lists_ms_ = kNever;
  int64_t people_ms_ = kNever;
};

}  // namespace roost::api
