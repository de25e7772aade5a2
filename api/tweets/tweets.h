#pragma once

#include "api/accounts/authentication.h"
#include "api/http/service.h"
#include "api/tweets/tweet_store.h"
#include "common/base/clock.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// The routes of tweets (docs/api.md). Reads ignore tokens; writes need one, changes that of the author. Loop thread
/// only.
class Tweets {
 public:
  static constexpr size_t kMaxCharacters = 280;  ///< code points of a tweet
  static constexpr size_t kMaxQueryBytes = 500;  ///< of a search for words

  /// All outlive it.
  Tweets(TweetStore& store, const Authentication& authentication, const Clock& clock, observe::EventLog& events)
      : store_(store), authentication_(authentication), clock_(clock), events_(events) {}
  void add_to(Router& router);

 private:
  void list(Request& request, Reply reply);
  void list_of_user(Request& request, Reply reply);
  void list_of_hashtag(Request& request, Reply reply);
  void list_of_words(Request& request, Reply reply);
  void show(Request& request, Reply reply);
  void create(Request& request, Reply reply);
  void change(Request& request, Reply reply);
  void remove(Request& request, Reply reply);

  enum class Shape : uint8_t { array, object };  ///< [tweet…], or {"tweets":[tweet…]}
  TweetStore::PageDone answer_list(Reply reply, ListRange range, Shape shape);
  Answer tweet_answer(const Reading<TweetPage>& reading, const Request& request) const;
  void show_changed(int64_t id, Reply reply);
  void refuse_change(Change change, Reply reply);

  TweetStore& store_;
  const Authentication& authentication_;
  const Clock& clock_;
  observe::EventLog& events_;
};

}  // namespace roost::api
