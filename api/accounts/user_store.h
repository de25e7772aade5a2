#pragma once

#include <cstdint>
#include <string>

#include "api/db/database.h"
#include "api/db/db_cache.h"

namespace roost::api {

/// Users and follows: public reads through the DB cache, those of a user's own account straight from the database.
/// Writes invalidate what they change. Loop thread only.
class UserStore {
 public:
  /// Both outlive the store.
  UserStore(Database& database, DbCache& cache) : database_(database), cache_(cache) {}

  using PageDone = Done<Reading<UserPage>>;
  using Use = DbCache::Use;
  void users(ListRange range, Use use, const std::string& request_id, PageDone done);
  /// Without the e-mail address. An absent page when there is no such user.
  void profile(int64_t id, Use use, const std::string& request_id, PageDone done);
  void search(const std::string& query, Use use, const std::string& request_id, PageDone done);

  /// Uncached, with the e-mail address; an absent page when the account is gone.
  void account(int64_t id, const std::string& request_id, Done<UserPage> done);
  void login(std::string name, const std::string& request_id, Done<Login> done);
  void follows(int64_t id, FollowSide side, ListRange range, const std::string& request_id, Done<FollowPage> done);

  void insert(NewUser user, const std::string& request_id, Done<Registration> done);
  /// Deletes the account with its tweets and follows.
  void remove(int64_t id, const std::string& request_id, Done<Change> done);
  void follow(int64_t follower, int64_t followee, const std::string& request_id, Done<FollowChange> done);
  void unfollow(int64_t follower, int64_t followee, const std::string& request_id, Done<FollowChange> done);

 private:
  void forget(int64_t id);
  Done<FollowChange> then_forget(int64_t follower, int64_t followee, Done<FollowChange> done);

  Database& database_;
  DbCache& cache_;
};

}  // namespace roost::api
