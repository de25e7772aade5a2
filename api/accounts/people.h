#pragma once

#include "api/accounts/user_store.h"
#include "api/http/service.h"
#include "common/base/clock.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// The public routes about users: list, search, counts of followers (docs/api.md). None reads a token, so that caches
/// may share the answers. Loop thread only.
class People {
 public:
  static constexpr size_t kMaxQueryBytes = 200;

  /// All outlive it.
  People(UserStore& users, const Clock& clock, observe::EventLog& events)
      : users_(users), clock_(clock), events_(events) {}
  void add_to(Router& router);

 private:
  void list(Request& request, Reply reply);
  void search(Request& request, Reply reply);
  void count(Request& request, Reply reply, FollowSide side);

  UserStore& users_;
  const Clock& clock_;
  observe::EventLog& events_;
};

}  // namespace roost::api
