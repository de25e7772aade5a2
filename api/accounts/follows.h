#pragma once

#include "api/accounts/authentication.h"
#include "api/accounts/user_store.h"
#include "api/http/service.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// The routes of a logged-in user's follows: follow, unfollow, list followers and followed users (docs/api.md). Loop
/// thread only.
class Follows {
 public:
  /// All outlive it.
  Follows(UserStore& users, const Authentication& authentication, observe::EventLog& events)
      : users_(users), authentication_(authentication), events_(events) {}
  void add_to(Router& router);

 private:
  enum class Wish : uint8_t { follow, unfollow };
  void change(Request& request, Reply reply, Wish wish);
  void refuse_oneself(Reply reply, Wish wish);
  void list(Request& request, Reply reply, FollowSide side);
  void send_list(int64_t id, FollowSide side, ListRange range, Reply reply);

  UserStore& users_;
  const Authentication& authentication_;
  observe::EventLog& events_;
};

}  // namespace roost::api
