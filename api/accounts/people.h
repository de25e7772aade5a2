#pragma once

#include "api/accounts/user_store.h"
#include "api/http/service.h"
#include "common/base/clock.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// The routes on which everybody sees who is there: the list, the search, the counts of followers (docs/api.md). None
/// of them looks at a token, so that their answers may be shared. Loop thread only.
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
