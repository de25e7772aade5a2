#pragma once

#include <cstdint>
#include <optional>

#include "api/http/client_limit.h"
#include "api/http/input.h"
#include "api/http/service.h"
#include "api/tweets/tweet_store.h"
#include "batcher/batcher.h"
#include "common/observe/event_log.h"
#include "common/observe/metrics.h"

namespace roost::api {

/// The routes of likes: POST /api/tweets/{id}/like and POST /like/{id} add one, acknowledged with 202 once it is
/// durable and counted once per Idempotency-Key; GET /like/{id} returns the count. Loop thread only.
class Likes {
 public:
  /// All outlive it. The batcher's completions must be run on the loop.
  struct Parts {
    TweetStore& store;
    batcher::Batcher& batcher;
    ClientLimit& limit;
    observe::Counter& limited;  ///< likes that `limit` refused
    const Clock& clock;
    observe::EventLog& events;
  };
  explicit Likes(const Parts& parts)
      : store_(parts.store),
        batcher_(parts.batcher),
        limit_(parts.limit),
        limited_(parts.limited),
        clock_(parts.clock),
        events_(parts.events) {}
  void add_to(Router& router);

 private:
  /// A like to add: its tweet, and its idempotency token if it has one.
  struct Wish {
    int64_t id = 0;
    std::optional<batcher::LikeToken> token;
  };
  static Input<Wish> read_wish(const Request& request);
  void like(Request& request, Reply reply);
  void show(Request& request, Reply reply);
  void queue_if_there(const Wish& wish, Reading<TweetPage> reading, Reply reply);
  void queue(const Wish& wish, Reading<TweetPage> reading, Reply reply);
  void queue_once(const Wish& wish, Reading<TweetPage> reading, Reply reply);
  Answer queued(int64_t id, Reading<TweetPage> reading) const;

  TweetStore& store_;
  batcher::Batcher& batcher_;
  ClientLimit& limit_;
  observe::Counter& limited_;
  const Clock& clock_;
  observe::EventLog& events_;
  /// After a read has failed because the database is away, likes of known tweets do without it for this long.
  static constexpr int64_t kAwayMs = 5'000;
  static constexpr size_t kMaxKeyBytes = 255;
  int64_t away_until_ms_ = INT64_MIN;
};

}  // namespace roost::api
