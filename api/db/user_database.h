#pragma once

#include <cstdint>
#include <string>

#include "api/db/done.h"
#include "api/db/tweet.h"
#include "api/db/user.h"

namespace roost::api {

/// What the API asks of a database about people and who follows whom. Threads, errors and `done` as for Database.
/// User names and e-mail addresses are compared folded (fold_text), so that one differing in case alone is taken.
class UserDatabase {
 public:
  virtual ~UserDatabase() = default;

  /// Durable when `done` runs.
  virtual void insert_user(NewUser user, std::string request_id, Done<Registration> done) = 0;
  /// By user name, else by e-mail address; the e-mail address is filled in.
  virtual void load_login(std::string name, std::string request_id, Done<Login> done) = 0;
  /// One person with their e-mail address, or an absent page.
  virtual void load_user(int64_t id, std::string request_id, Done<UserPage> done) = 0;
  virtual void load_users(ListRange range, std::string request_id, Done<UserPage> done) = 0;
  /// The one person that `query` fits best: that very user name, else the first user name in folded order that begins
  /// with it, else the first display name that does (equals by id). Absent when it fits nobody.
  virtual void search_user(std::string query, std::string request_id, Done<UserPage> done) = 0;
  /// The account, its tweets, follows and hashtags' links; the counts of those it followed or was followed by go down.
  /// `made` or `not_found`.
  virtual void delete_user(int64_t id, std::string request_id, Done<Change> done) = 0;

  virtual void follow(int64_t follower, int64_t followee, std::string request_id, Done<FollowChange> done) = 0;
  virtual void unfollow(int64_t follower, int64_t followee, std::string request_id, Done<FollowChange> done) = 0;
  /// Those who follow `id`, or whom `id` follows; `range` goes by their ids.
  virtual void load_follows(int64_t id, FollowSide side, ListRange range, std::string request_id,
                            Done<FollowPage> done) = 0;
};

}  // namespace roost::api
