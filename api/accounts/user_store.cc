#include "api/accounts/user_store.h"

#include <utility>

#include <fmt/core.h>

#include "api/db/words.h"

namespace roost::api {
namespace {

std::string profile_key(int64_t id) {
  return fmt::format("profile/{}", id);
}

/// Clears e-mail addresses: the cache holds public data only.
Done<UserPage> without_email(Done<UserPage> done) {
  return [done = std::move(done)](Result<UserPage> page) mutable {
    if (page) {
      for (User& user : page->users) user.email.clear();
    }
    done(std::move(page));
  };
}

}  // namespace

void UserStore::users(ListRange range, Use use, const std::string& request_id, PageDone done) {
  cache_.get<UserPage>(
      fmt::format("users/{}/{}", range.limit, range.before), DbCache::Group::people, use,
      [&](Done<UserPage> loaded) {
        database_.load_users(range, read_for(request_id, use), without_email(std::move(loaded)));
      },
      std::move(done));
}

void UserStore::profile(int64_t id, Use use, const std::string& request_id, PageDone done) {
  cache_.get<UserPage>(
      profile_key(id), DbCache::Group::profile, use,
      [&](Done<UserPage> loaded) { database_.load_user(id, request_id, without_email(std::move(loaded))); },
      std::move(done));
}

void UserStore::search(const std::string& query, Use use, const std::string& request_id, PageDone done) {
  std::string folded = fold_text(query);
  cache_.get<UserPage>(
      "people/" + folded, DbCache::Group::people, use,
      [&](Done<UserPage> loaded) {
        database_.search_user(std::move(folded), read_for(request_id, use), without_email(std::move(loaded)));
      },
      std::move(done));
}

void UserStore::account(int64_t id, const std::string& request_id, Done<UserPage> done) {
  database_.load_user(id, request_id, std::move(done));
}

void UserStore::login(std::string name, const std::string& request_id, Done<Login> done) {
  database_.load_login(std::move(name), request_id, std::move(done));
}

void UserStore::follows(int64_t id, FollowSide side, ListRange range, const std::string& request_id,
                        Done<FollowPage> done) {
  database_.load_follows(id, side, range, request_id, std::move(done));
}

void UserStore::insert(NewUser user, const std::string& request_id, Done<Registration> done) {
  database_.insert_user(std::move(user), request_id, [this, done = std::move(done)](Result<Registration> made) mutable {
    // Also after an error: the outcome may be unknown.
    cache_.invalidate_people();
    if (made) cache_.invalidate(profile_key(made->user.id));
    done(std::move(made));
  });
}

void UserStore::remove(int64_t id, const std::string& request_id, Done<Change> done) {
  database_.delete_user(id, request_id, [this, done = std::move(done)](Result<Change> change) mutable {
    // Its tweets are in lists, and the counts of users it followed have changed; which ones, only the database knows.
    cache_.invalidate_all();
    done(std::move(change));
  });
}

void UserStore::forget(int64_t id) {
  cache_.invalidate(profile_key(id));
}

Done<FollowChange> UserStore::then_forget(int64_t follower, int64_t followee, Done<FollowChange> done) {
  return [this, follower, followee, done = std::move(done)](Result<FollowChange> change) mutable {
    forget(follower);
    forget(followee);
    cache_.invalidate_people();  // search results show counts
    done(std::move(change));
  };
}

void UserStore::follow(int64_t follower, int64_t followee, const std::string& request_id, Done<FollowChange> done) {
  database_.follow(follower, followee, request_id, then_forget(follower, followee, std::move(done)));
}

void UserStore::unfollow(int64_t follower, int64_t followee, const std::string& request_id, Done<FollowChange> done) {
  database_.unfollow(follower, followee, request_id, then_forget(follower, followee, std::move(done)));
}

}  // namespace roost::api
