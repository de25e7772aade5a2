#include "api/db/postgres/pg_database.h"
#include "api/db/words.h"

namespace roost::api {
namespace {

#define ROOST_USER "u.id, u.username, u.display_name, u.bio, u.created_at_ms, u.updated_at_ms, u.followers, u.following"
constexpr int kNextColumn = 8;  // the first one behind these

constexpr PgStatement kInsert{
    "INSERT INTO users(username, username_folded, email, email_folded, display_name, display_name_folded, bio, "
    "password_hash, created_at_ms, updated_at_ms) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) RETURNING id"};
constexpr std::string_view kUsernameIndex = "users_by_username";
constexpr std::string_view kEmailIndex = "users_by_email";

constexpr PgStatement kLogin{"SELECT " ROOST_USER
                             ", u.email, u.password_hash FROM users u WHERE u.username_folded = $1 "
                             "OR (u.email_folded = $1 AND u.email_folded <> '') "
                             "ORDER BY (u.username_folded = $1) DESC LIMIT 1",
                             true};
constexpr PgStatement kById{"SELECT " ROOST_USER ", u.email FROM users u WHERE u.id = $1", true};
constexpr PgStatement kList{"SELECT " ROOST_USER " FROM users u WHERE u.id < $1 ORDER BY u.id DESC LIMIT $2", true};
// If any name begins with the prefix, the first one at or after the prefix in byte order does; an equal name comes
// first of these.
constexpr PgStatement kSearch{
    "SELECT " ROOST_USER
    " FROM ("
    "  (SELECT 1 AS turn, n.* FROM users n WHERE n.username_folded >= $1 ORDER BY n.username_folded LIMIT 1)"
    "  UNION ALL"
    "  (SELECT 2 AS turn, d.* FROM users d WHERE d.display_name_folded >= $1 "
    "   ORDER BY d.display_name_folded, d.id LIMIT 1)"
    ") u WHERE left(CASE u.turn WHEN 1 THEN u.username_folded ELSE u.display_name_folded END, char_length($1)) "
    "  = $1 COLLATE \"C\" ORDER BY u.turn LIMIT 1",
    true};

// Locks the account and all users whose counts change, in the order of ids. $1 user.
constexpr PgStatement kLockCircle{
    "SELECT 1 FROM users WHERE id = $1 OR id IN (SELECT followee_id FROM follows WHERE follower_id = $1) "
    "OR id IN (SELECT follower_id FROM follows WHERE followee_id = $1) ORDER BY id FOR UPDATE"};
// Tweets, their hashtags and follows are deleted by cascade.
constexpr PgStatement kDelete{
    "WITH counted AS ("
    "  UPDATE users SET"
    "    followers = followers - (SELECT count(*) FROM follows f WHERE f.follower_id = $1 AND f.followee_id = "
    "users.id),"
    "    following = following - (SELECT count(*) FROM follows f WHERE f.followee_id = $1 AND f.follower_id = users.id)"
    "  WHERE id <> $1 AND (id IN (SELECT followee_id FROM follows WHERE follower_id = $1)"
    "    OR id IN (SELECT follower_id FROM follows WHERE followee_id = $1))"
    "), gone AS (DELETE FROM users WHERE id = $1 RETURNING id) SELECT count(*) FROM gone"};

// $1 follower, $2 followee, $3 now (follow only). Counts change in the same transaction; locks in the order of ids.
#define ROOST_LOCK_BOTH                                                                                       \
  "WITH locked AS (SELECT id FROM users WHERE id IN ($1, $2) ORDER BY id FOR NO KEY UPDATE), both_there AS (" \
  "  SELECT 1 FROM locked HAVING bool_or(id = $1) AND bool_or(id = $2)), "
#define ROOST_FOLLOW_RESULT                                         \
  "SELECT coalesce((SELECT bool_or(id = $1) FROM locked), false), " \
  "coalesce((SELECT bool_or(id = $2) FROM locked), false), (SELECT count(*) FROM changed)"
constexpr PgStatement kFollow{
    ROOST_LOCK_BOTH
    "changed AS ("
    "  INSERT INTO follows(follower_id, followee_id, created_at_ms) SELECT $1, $2, $3 FROM both_there"
    "  ON CONFLICT DO NOTHING RETURNING 1"
    "), counted AS ("
    "  UPDATE users SET following = following + CASE WHEN id = $1 THEN 1 ELSE 0 END,"
    "    followers = followers + CASE WHEN id = $2 THEN 1 ELSE 0 END FROM changed WHERE id IN ($1, $2)"
    ") " ROOST_FOLLOW_RESULT};
constexpr PgStatement kUnfollow{
    ROOST_LOCK_BOTH
    "changed AS ("
    "  DELETE FROM follows USING both_there WHERE follower_id = $1 AND followee_id = $2 RETURNING 1"
    "), counted AS ("
    "  UPDATE users SET following = following - CASE WHEN id = $1 THEN 1 ELSE 0 END,"
    "    followers = followers - CASE WHEN id = $2 THEN 1 ELSE 0 END FROM changed WHERE id IN ($1, $2)"
    ") " ROOST_FOLLOW_RESULT};
#undef ROOST_LOCK_BOTH
#undef ROOST_FOLLOW_RESULT

// $1 user, $2 before, $3 one more than the limit.
constexpr PgStatement kFollowers{"SELECT " ROOST_USER
                                 ", EXISTS (SELECT 1 FROM follows m WHERE m.follower_id = $1 AND m.followee_id = u.id) "
                                 "FROM follows f JOIN users u ON u.id = f.follower_id "
                                 "WHERE f.followee_id = $1 AND f.follower_id < $2 ORDER BY f.follower_id DESC LIMIT $3",
                                 true};
constexpr PgStatement kFollowing{"SELECT " ROOST_USER
                                 ", true FROM follows f JOIN users u ON u.id = f.followee_id "
                                 "WHERE f.follower_id = $1 AND f.followee_id < $2 ORDER BY f.followee_id DESC LIMIT $3",
                                 true};

#undef ROOST_USER

User read_user(const PgRows& rows, int64_t row) {
  User user;
  user.id = rows.integer(row, 0);
  user.username = rows.text(row, 1);
  user.display_name = rows.text(row, 2);
  user.bio = rows.text(row, 3);
  user.created_at_ms = rows.integer(row, 4);
  user.updated_at_ms = rows.integer(row, 5);
  user.followers = rows.integer(row, 6);
  user.following = rows.integer(row, 7);
  return user;
}

/// The outcome of a registration refused by a unique index; nothing when it failed for another reason.
std::optional<Registration> read_refusal(const PgFailure& failure) {
  if (failure.sqlstate != "23505") return std::nullopt;
  if (failure.constraint == kUsernameIndex) return Registration{Registration::Outcome::username_taken, {}};
  if (failure.constraint == kEmailIndex) return Registration{Registration::Outcome::email_taken, {}};
  return std::nullopt;
}

template <class T>
void written_people(OwnWrites& writes, const Result<T>&, int64_t now_ms) {
  writes.people(now_ms);
}

}  // namespace

void PgDatabase::insert_user(NewUser user, std::string request_id, Done<Registration> done) {
  const int64_t now_ms = clock_.unix_ms();
  PgParams params;
  params.add(user.username).add(fold_text(user.username)).add(user.email).add(fold_text(user.email));
  params.add(user.display_name).add(fold_text(user.display_name)).add(user.bio).add(user.password_hash).add(now_ms);
  Registration made;
  made.user.username = std::move(user.username);
  made.user.email = std::move(user.email);
  made.user.display_name = std::move(user.display_name);
  made.user.bio = std::move(user.bio);
  made.user.created_at_ms = made.user.updated_at_ms = now_ms;
  auto call = std::make_unique<Call>(Access{"INSERT", "users", std::move(request_id)}, observer_);
  PgJobPtr job = make_job(kInsert, std::move(params));
  job->done = [this, call = std::move(call), made = std::move(made),
               done = std::move(done)](PgResult<PgRows> rows) mutable {
    const auto refusal = rows ? std::nullopt : read_refusal(rows.error());
    if (rows) {
      made.user.id = rows->integer(0, 0);
      call->scope.set_rows(1);
    }
    call.reset();
    own_writes_.people(loop_.now_ms());
    if (refusal) return done(*refusal);
    if (!rows) return done(tl::unexpected<Error>(report(rows.error())));
    done(std::move(made));
  };
  cluster_->run(std::move(job));
}

void PgDatabase::load_login(std::string name, std::string request_id, Done<Login> done) {
  const std::string folded = fold_text(name);
  if (!is_postgres_text(folded)) return answer_later(Login(), std::move(done));
  PgParams params;
  params.add(folded);
  auto decode = [](const PgRows& rows, AccessScope& scope) -> Result<Login> {
    scope.set_rows(rows.count());
    Login login;
    login.found = rows.count() > 0;
    if (!login.found) return login;
    login.user = read_user(rows, 0);
    login.user.email = rows.text(0, kNextColumn);
    login.password_hash = rows.text(0, kNextColumn + 1);
    return login;
  };
  // From the primary: a log-in may follow the registration at once.
  read<Login>(kLogin, std::move(params), Place(), {"SELECT", "users", std::move(request_id)}, decode, std::move(done));
}

void PgDatabase::load_user(int64_t id, std::string request_id, Done<UserPage> done) {
  PgParams params;
  params.add(id);
  auto decode = [](const PgRows& rows, AccessScope& scope) -> Result<UserPage> {
    scope.set_rows(rows.count());
    UserPage page;
    if (rows.count() == 0) return page;
    page.users.push_back(read_user(rows, 0));
    page.users[0].email = rows.text(0, kNextColumn);
    return page;
  };
  // From the primary: this decides whether a token's account exists.
  read<UserPage>(kById, std::move(params), Place(), {"SELECT", "users", std::move(request_id)}, decode,
                 std::move(done));
}

void PgDatabase::load_users(ListRange range, ReadFor by, Done<UserPage> done) {
  PgParams params;
  params.add(range.before).add(range.limit + 1);
  auto decode = [limit = range.limit](const PgRows& rows, AccessScope& scope) -> Result<UserPage> {
    UserPage page;
    page.more = rows.count() > limit;
    const int64_t count = page.more ? limit : rows.count();
    for (int64_t row = 0; row < count; ++row) page.users.push_back(read_user(rows, row));
    scope.set_rows(count);
    return page;
  };
  const Place at = place(by, own_writes_.last_of_people());
  read<UserPage>(kList, std::move(params), at, {"SELECT", "users", std::move(by.request_id)}, decode, std::move(done));
}

void PgDatabase::search_user(std::string query, ReadFor by, Done<UserPage> done) {
  const std::string folded = fold_text(query);
  if (folded.empty() || !is_postgres_text(folded)) return answer_later(UserPage(), std::move(done));
  PgParams params;
  params.add(folded);
  auto decode = [](const PgRows& rows, AccessScope& scope) -> Result<UserPage> {
    scope.set_rows(rows.count());
    UserPage page;
    if (rows.count() > 0) page.users.push_back(read_user(rows, 0));
    return page;
  };
  const Place at = place(by, own_writes_.last_of_people());
  read<UserPage>(kSearch, std::move(params), at, {"SELECT", "users", std::move(by.request_id)}, decode,
                 std::move(done));
}

void PgDatabase::delete_user(int64_t id, std::string request_id, Done<Change> done) {
  PgParams params;
  params.add(id);
  PgJobPtr job = make_job(kDelete, params);
  job->lock = &kLockCircle;
  job->lock_params = std::move(params);
  auto decode = [](const PgRows& rows, AccessScope& scope) -> Result<Change> {
    scope.set_rows(rows.integer(0, 0));
    return rows.integer(0, 0) > 0 ? Change::made : Change::not_found;
  };
  const auto written = [](OwnWrites& writes, const Result<Change>&, int64_t now_ms) { writes.account(now_ms); };
  write<Change>(std::move(job), written, {"DELETE", "users", std::move(request_id)}, decode, std::move(done));
}

void PgDatabase::change_follow(const PgStatement& statement, std::string_view operation, PgParams params,
                               std::string request_id, Done<FollowChange> done) {
  auto decode = [](const PgRows& rows, AccessScope& scope) -> Result<FollowChange> {
    scope.set_rows(rows.integer(0, 2));
    if (!rows.flag(0, 0)) return FollowChange::no_follower;
    if (!rows.flag(0, 1)) return FollowChange::not_found;
    return rows.integer(0, 2) > 0 ? FollowChange::made : FollowChange::unchanged;
  };
  write<FollowChange>(make_job(statement, std::move(params)), written_people<FollowChange>,
                      {operation, "follows", std::move(request_id)}, decode, std::move(done));
}

void PgDatabase::follow(int64_t follower, int64_t followee, std::string request_id, Done<FollowChange> done) {
  PgParams params;
  params.add(follower).add(followee).add(clock_.unix_ms());
  change_follow(kFollow, "INSERT", std::move(params), std::move(request_id), std::move(done));
}

void PgDatabase::unfollow(int64_t follower, int64_t followee, std::string request_id, Done<FollowChange> done) {
  PgParams params;
  params.add(follower).add(followee);
  change_follow(kUnfollow, "DELETE", std::move(params), std::move(request_id), std::move(done));
}

void PgDatabase::load_follows(int64_t id, FollowSide side, ListRange range, std::string request_id,
                              Done<FollowPage> done) {
  PgParams params;
  params.add(id).add(range.before).add(range.limit + 1);
  auto decode = [limit = range.limit](const PgRows& rows, AccessScope& scope) -> Result<FollowPage> {
    FollowPage page;
    page.more = rows.count() > limit;
    const int64_t count = page.more ? limit : rows.count();
    for (int64_t row = 0; row < count; ++row) page.users.push_back({read_user(rows, row), rows.flag(row, kNextColumn)});
    scope.set_rows(count);
    return page;
  };
  // From the primary: whoever follows looks at the list next, at any worker.
  read<FollowPage>(side == FollowSide::followers ? kFollowers : kFollowing, std::move(params), Place(),
                   {"SELECT", "follows", std::move(request_id)}, decode, std::move(done));
}

}  // namespace roost::api
