#pragma once

#include <cstdint>
#include <span>

#include "api/notify/proxy_names.h"
#include "api/notify/revalidator.h"
#include "api/storage.h"
#include "api/tweets/likes.h"
#include "api/tweets/tweets.h"

namespace roost::api {

/// Tweets and likes: their store, their routes, and the word to the proxies when they have changed. Loop thread only.
class TweetModule {
 public:
  /// All outlive it.
  TweetModule(const WorkerContext& context, observe::MetricScope& scope, Storage& storage,
              const Authentication& authentication, batcher::Batcher& batcher);

  void add_to(Router& router);
  /// The batcher has applied likes of these tweets: drops the cached counts, here and in the proxies.
  void on_likes_applied(std::span<const int64_t> ids);
  const Revalidator& revalidator() const { return revalidator_; }

 private:
  Revalidator revalidator_;
  ProxyNames proxies_;
  TweetStore store_;
  Tweets tweets_;
  ClientLimit like_limit_;
  Likes likes_;
};

}  // namespace roost::api
