#include "api/db/own_writes.h"

#include <algorithm>

namespace roost::api {

void OwnWrites::tweet(int64_t id, int64_t now_ms) {
  lists_ms_ = now_ms;
  if (tweets_.size() == kMaxTweets && !tweets_.contains(id)) {
    tweets_.clear();
    all_tweets_ms_ = now_ms;
  }
  tweets_[id] = now_ms;
}

void OwnWrites::account(int64_t now_ms) {
  tweets_.clear();
  all_tweets_ms_ = lists_ms_ = people_ms_ = now_ms;
}

int64_t OwnWrites::last_of_tweet(int64_t id) const {
  const auto found = tweets_.find(id);
  return found == tweets_.end() ? all_tweets_ms_ : std::max(found->second, all_tweets_ms_);
}

}  // namespace roost::api
