#pragma once

#include <cstdint>
#include <string_view>

#include "api/db/done.h"
#include "api/db/sqlite/sqlite_connection.h"
#include "api/db/tweet.h"
#include "api/db/user.h"
#include "common/base/result.h"

namespace roost::api {

/// The statements about users, each a blocking call on one connection (its thread); semantics as in UserDatabase. Every
/// call reports its accesses to the connection's observer under `request_id`.
class SqliteUsers {
 public:
  SqliteUsers(SqliteConnection& connection, std::string_view request_id)
      : connection_(connection), request_id_(request_id) {}

  Result<Registration> insert(const NewUser& user, int64_t now_ms);
  Result<Login> login(std::string_view name);
  Result<UserPage> by_id(int64_t id);
  Result<UserPage> list(ListRange range);
  Result<UserPage> search(std::string_view query);
  Result<Change> remove(int64_t id);

 private:
  /// Whether a user name or address is taken.
  Result<bool> taken(std::string_view sql, std::string_view folded);
  Result<int64_t> store(const NewUser& user, int64_t now_ms);
  Result<UserPage> first(std::string_view sql, std::string_view from, std::string_view to);
  Result<void> run_on_user(std::string_view operation, std::string_view table, std::string_view sql, int64_t id,
                           int64_t* rows = nullptr);

  SqliteConnection& connection_;
  std::string_view request_id_;
};

/// The columns that read_user() reads, of the table aliased u.
#define ROOST_USER_COLUMNS \
  "u.id, u.username, u.display_name, u.bio, u.created_at_ms, u.updated_at_ms, u.followers, u.following"

/// The user in a row that begins with ROOST_USER_COLUMNS, without the e-mail address.
User read_user(const Statement& row);

}  // namespace roost::api
