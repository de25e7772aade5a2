#include "api/db/sqlite/sqlite_follows.h"

#include "api/db/sqlite/sqlite_users.h"

namespace roost::api {
namespace {

constexpr std::string_view kFollowers =
    "SELECT " ROOST_USER_COLUMNS
    ", EXISTS (SELECT 1 FROM follows m WHERE m.follower_id = ?1 AND m.followee_id = u.id) "
    "FROM follows f JOIN users u ON u.id = f.follower_id "
    "WHERE f.followee_id = ?1 AND f.follower_id < ?2 ORDER BY f.follower_id DESC LIMIT ?3";
constexpr std::string_view kFollowing =
    "SELECT " ROOST_USER_COLUMNS
    ", 1 FROM follows f JOIN users u ON u.id = f.followee_id "
    "WHERE f.follower_id = ?1 AND f.followee_id < ?2 ORDER BY f.followee_id DESC LIMIT ?3";
constexpr int kIsFollowingColumn = 8;

}  // namespace

Result<bool> SqliteFollows::exists(int64_t id) {
  AccessScope access(connection_.observer(), "SELECT", "users", request_id_);
  const auto raw = connection_.prepare("SELECT 1 FROM users WHERE id = ?1");
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  auto row = statement.bind(1, id).step();
  if (row) access.set_rows(*row ? 1 : 0);
  return row;
}

Result<FollowChange> SqliteFollows::check_both(int64_t follower, int64_t followee) {
  const auto asking = exists(follower);
  if (!asking) return tl::unexpected<Error>(asking.error());
  if (!*asking) return FollowChange::no_follower;
  const auto asked = exists(followee);
  if (!asked) return tl::unexpected<Error>(asked.error());
  return *asked ? FollowChange::made : FollowChange::not_found;
}

Result<int64_t> SqliteFollows::run(std::string_view operation, std::string_view table, std::string_view sql,
                                   int64_t follower, int64_t followee, int64_t third) {
  AccessScope access(connection_.observer(), operation, table, request_id_);
  const auto raw = connection_.prepare(sql);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  statement.bind(1, follower).bind(2, followee);
  if (third != 0) statement.bind(3, third);
  if (auto ran = statement.run(); !ran) return tl::unexpected<Error>(ran.error());
  access.set_rows(connection_.changes());
  return connection_.changes();
}

Result<FollowChange> SqliteFollows::change(std::string_view operation, std::string_view sql, int64_t follower,
                                           int64_t followee, int64_t third, bool adds) {
  FollowChange outcome = FollowChange::made;
  auto written = connection_.write([&]() -> Result<void> {
    const auto both = check_both(follower, followee);
    if (!both) return tl::unexpected<Error>(both.error());
    outcome = *both;
    if (outcome != FollowChange::made) return {};
    const auto changed = run(operation, "follows", sql, follower, followee, third);
    if (!changed) return tl::unexpected<Error>(changed.error());
    if (*changed == 0) {
      outcome = FollowChange::unchanged;
      return {};
    }
    const auto counted = run("UPDATE", "users",
                             "UPDATE users SET following = following + ?3 * (id = ?1), "
                             "followers = followers + ?3 * (id = ?2) WHERE id IN (?1, ?2)",
                             follower, followee, adds ? 1 : -1);
    return counted ? Result<void>() : tl::unexpected<Error>(counted.error());
  });
  if (!written) return tl::unexpected<Error>(written.error());
  return outcome;
}

Result<FollowChange> SqliteFollows::add(int64_t follower, int64_t followee, int64_t now_ms) {
  return change("INSERT",
                "INSERT INTO follows(follower_id, followee_id, created_at_ms) VALUES(?1, ?2, ?3) "
                "ON CONFLICT DO NOTHING",
                follower, followee, now_ms, /*adds=*/true);
}

Result<FollowChange> SqliteFollows::remove(int64_t follower, int64_t followee) {
  return change("DELETE", "DELETE FROM follows WHERE follower_id = ?1 AND followee_id = ?2", follower, followee, 0,
                /*adds=*/false);
}

Result<FollowPage> SqliteFollows::list(int64_t id, FollowSide side, ListRange range) {
  AccessScope access(connection_.observer(), "SELECT", "follows", request_id_);
  const auto raw = connection_.prepare(side == FollowSide::followers ? kFollowers : kFollowing);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  statement.bind(1, id).bind(2, range.before).bind(3, range.limit + 1);  // one more, to know whether there are more
  FollowPage page;
  while (true) {
    const auto row = statement.step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) break;
    page.more = static_cast<int64_t>(page.users.size()) == range.limit;
    if (page.more) break;
    page.users.push_back({read_user(statement), statement.integer(kIsFollowingColumn) != 0});
  }
  access.set_rows(static_cast<int64_t>(page.users.size()));
  return page;
}

}  // namespace roost::api
