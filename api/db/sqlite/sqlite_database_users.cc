// SqliteDatabase's calls about users: each is run on a thread.
#include <utility>

#include "api/db/sqlite/sqlite_database.h"
#include "api/db/sqlite/sqlite_follows.h"
#include "api/db/sqlite/sqlite_users.h"

namespace roost::api {

void SqliteDatabase::insert_user(NewUser user, std::string request_id, Done<Registration> done) {
  auto call = [this, user = std::move(user), request = std::move(request_id)](SqliteConnection& connection) {
    return SqliteUsers(connection, request).insert(user, clock_.unix_ms());
  };
  run<Registration>(*writer_, std::move(call), std::move(done));
}

void SqliteDatabase::load_login(std::string name, std::string request_id, Done<Login> done) {
  auto call = [name = std::move(name), request = std::move(request_id)](SqliteConnection& connection) {
    return SqliteUsers(connection, request).login(name);
  };
  run<Login>(*readers_, std::move(call), std::move(done));
}

void SqliteDatabase::load_user(int64_t id, std::string request_id, Done<UserPage> done) {
  auto call = [id, request = std::move(request_id)](SqliteConnection& connection) {
    return SqliteUsers(connection, request).by_id(id);
  };
  run<UserPage>(*readers_, std::move(call), std::move(done));
}

void SqliteDatabase::load_users(ListRange range, ReadFor by, Done<UserPage> done) {
  auto call = [range, request = std::move(by.request_id)](SqliteConnection& connection) {
    return SqliteUsers(connection, request).list(range);
  };
  run<UserPage>(*readers_, std::move(call), std::move(done));
}

void SqliteDatabase::search_user(std::string query, ReadFor by, Done<UserPage> done) {
  auto call = [query = std::move(query), request = std::move(by.request_id)](SqliteConnection& connection) {
    return SqliteUsers(connection, request).search(query);
  };
  run<UserPage>(*readers_, std::move(call), std::move(done));
}

void SqliteDatabase::delete_user(int64_t id, std::string request_id, Done<Change> done) {
  auto call = [id, request = std::move(request_id)](SqliteConnection& connection) {
    return SqliteUsers(connection, request).remove(id);
  };
  run<Change>(*writer_, std::move(call), std::move(done));
}

void SqliteDatabase::follow(int64_t follower, int64_t followee, std::string request_id, Done<FollowChange> done) {
  auto call = [this, follower, followee, request = std::move(request_id)](SqliteConnection& connection) {
    return SqliteFollows(connection, request).add(follower, followee, clock_.unix_ms());
  };
  run<FollowChange>(*writer_, std::move(call), std::move(done));
}

void SqliteDatabase::unfollow(int64_t follower, int64_t followee, std::string request_id, Done<FollowChange> done) {
  auto call = [follower, followee, request = std::move(request_id)](SqliteConnection& connection) {
    return SqliteFollows(connection, request).remove(follower, followee);
  };
  run<FollowChange>(*writer_, std::move(call), std::move(done));
}

void SqliteDatabase::load_follows(int64_t id, FollowSide side, ListRange range, std::string request_id,
                                  Done<FollowPage> done) {
  auto call = [id, side, range, request = std::move(request_id)](SqliteConnection& connection) {
    return SqliteFollows(connection, request).list(id, side, range);
  };
  run<FollowPage>(*readers_, std::move(call), std::move(done));
}

}  // namespace roost::api
