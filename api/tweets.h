#pragma once

#include "api/exchange.h"
#include "api/routes.h"
#include "api/tweet_store.h"
#include "common/base/clock.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// The routes of tweets (docs/api.md). As long as there are no accounts, whoever writes is the demo user.
class Tweets {
 public:
  static constexpr size_t kMaxCharacters = 280;  ///< code points of a tweet

  /// All outlive it.
  Tweets(TweetStore& store, const Clock& clock, observe::EventLog& events)
      : store_(store), clock_(clock), events_(events) {}
  void add_to(Routes& routes);

 private:
  void list(Request& request, Reply reply);
  void list_of_user(Request& request, Reply reply);
  void list_of_hashtag(Request& request, Reply reply);
  void show(Request& request, Reply reply);
  void create(Request& request, Reply reply);
  void change(Request& request, Reply reply);
  void remove(Request& request, Reply reply);

  enum class Shape : uint8_t { array, object };  ///< [tweet…], or {"tweets":[tweet…]}
  TweetStore::PageDone answer_list(Reply reply, ListRange range, Shape shape);
  Answer tweet_answer(const Reading<TweetPage>& reading, const Request& request) const;
  Answer failure(const Error& error);

  TweetStore& store_;
  const Clock& clock_;
  observe::EventLog& events_;
};

}  // namespace roost::api
