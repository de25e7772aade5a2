#pragma once

#include <cstdint>
#include <string_view>

#include "api/db/sqlite/sqlite_connection.h"
#include "api/db/tweet.h"
#include "api/db/user.h"
#include "common/base/result.h"

namespace roost::api {

/// The statements about follows, each a blocking call on one connection (its thread). The users' counts change in the
/// same transaction as the follow itself.
class SqliteFollows {
 public:
  SqliteFollows(SqliteConnection& connection, std::string_view request_id)
      : connection_(connection), request_id_(request_id) {}

  Result<FollowChange> add(int64_t follower, int64_t followee, int64_t now_ms);
  Result<FollowChange> remove(int64_t follower, int64_t followee);
  Result<FollowPage> list(int64_t id, FollowSide side, ListRange range);

 private:
  Result<FollowChange> check_both(int64_t follower, int64_t followee);
  Result<bool> exists(int64_t id);
  /// Runs a statement with the two ids, and `third` unless it is 0; returns the number of rows changed.
  Result<int64_t> run(std::string_view operation, std::string_view table, std::string_view sql, int64_t follower,
                      int64_t followee, int64_t third = 0);
  Result<FollowChange> change(std::string_view operation, std::string_view sql, int64_t follower, int64_t followee,
                              int64_t third, bool adds);

  SqliteConnection& connection_;
  std::string_view request_id_;
};

}  // namespace roost::api
