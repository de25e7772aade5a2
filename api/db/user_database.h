#pragma once

#include <cstdint>
#include <string>

#include "api/db/done.h"
#include "api/db/read_for.h"
#include "api/db/tweet.h"
#include "api/db/user.h"

namespace roost::api {

/// The database's users and follows, as the API sees them. Threads, errors and `done` as for Database.
/// User names and e-mail addresses are compared folded (fold_text), so that a name differing only in case is taken.
class UserDatabase {
 public:
  virtual ~UserDatabase() = default;

  /// Durable when `done` runs.
  virtual void insert_user(NewUser user, std::string request_id, Done<Registration> done) = 0;
  /// By user name, else by e-mail address; the e-mail address is filled in.
  virtual void load_login(std::string name, std::string request_id, Done<Login> done) = 0;
  /// One user with the e-mail address, or an absent page.
  virtual void load_user(int64_t id, std::string request_id, Done<UserPage> done) = 0;
  virtual void load_users(ListRange range, ReadFor by, Done<UserPage> done) = 0;
  /// The user that `query` matches best: an equal user name, else the first user name in folded order with this prefix,
  /// else the first display name with it (ties by id). Absent when nobody matches.
  virtual void search_user(std::string query, ReadFor by, Done<UserPage> done) = 0;
  /// Deletes the account with its tweets and follows; the counts of its followers and followees are decremented.
  /// `made` or `not_found`.
  virtual void delete_user(int64_t id, std::string request_id, Done<Change> done) = 0;

  virtual void follow(int64_t follower, int64_t followee, std::string request_id, Done<FollowChange> done) = 0;
  virtual void unfollow(int64_t follower, int64_t followee, std::string request_id, Done<FollowChange> done) = 0;
  /// The followers of `id`, or the users that `id` follows; `range` is over their ids.
  virtual void load_follows(int64_t id, FollowSide side, ListRange range, std::string request_id,
                            Done<FollowPage> done) = 0;
};

}  // namespace roost::api
