#include "api/db/sqlite/sqlite_users.h"

#include <string>

#include "api/db/words.h"

namespace roost::api {
namespace {

#define ROOST_SELECT_USER "SELECT " ROOST_USER_COLUMNS ", u.email, u.password_hash FROM users u "

constexpr std::string_view kById = ROOST_SELECT_USER "WHERE u.id = ?1";
constexpr std::string_view kByUsername = ROOST_SELECT_USER "WHERE u.username_folded = ?1";
constexpr std::string_view kByEmail = ROOST_SELECT_USER "WHERE u.email_folded = ?1 AND u.email_folded <> ''";
constexpr std::string_view kList = ROOST_SELECT_USER "WHERE u.id < ?1 ORDER BY u.id DESC LIMIT ?2";
constexpr std::string_view kFirstUsername =
    ROOST_SELECT_USER "WHERE u.username_folded >= ?1 AND u.username_folded < ?2 ORDER BY u.username_folded LIMIT 1";
constexpr std::string_view kFirstDisplayName = ROOST_SELECT_USER
    "WHERE u.display_name_folded >= ?1 AND u.display_name_folded < ?2 ORDER BY u.display_name_folded, u.id LIMIT 1";

#undef ROOST_SELECT_USER

constexpr int kEmailColumn = 8;
constexpr int kPasswordColumn = 9;

// Appended to a prefix, an upper bound in byte order of all text with it: the last code point.
std::string past_prefix(std::string_view prefix) {
  return std::string(prefix) + "\xf4\x8f\xbf\xbf";
}

}  // namespace

User read_user(const Statement& row) {
  User user;
  user.id = row.integer(0);
  user.username = row.text(1);
  user.display_name = row.text(2);
  user.bio = row.text(3);
  user.created_at_ms = row.integer(4);
  user.updated_at_ms = row.integer(5);
  user.followers = row.integer(6);
  user.following = row.integer(7);
  return user;
}

Result<bool> SqliteUsers::taken(std::string_view sql, std::string_view folded) {
  AccessScope access(connection_.observer(), "SELECT", "users", request_id_);
  const auto raw = connection_.prepare(sql);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  auto row = statement.bind(1, folded).step();
  if (row) access.set_rows(*row ? 1 : 0);
  return row;
}

Result<int64_t> SqliteUsers::store(const NewUser& user, int64_t now_ms) {
  AccessScope access(connection_.observer(), "INSERT", "users", request_id_);
  const auto raw = connection_.prepare(
      "INSERT INTO users(username, username_folded, email, email_folded, display_name, display_name_folded, bio, "
      "password_hash, created_at_ms, updated_at_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)");
  if (!raw) return tl::unexpected<Error>(raw.error());
  const std::string username = fold_text(user.username);
  const std::string email = fold_text(user.email);
  const std::string display_name = fold_text(user.display_name);
  Statement statement(*raw);
  statement.bind(1, user.username).bind(2, username).bind(3, user.email).bind(4, email);
  statement.bind(5, user.display_name).bind(6, display_name).bind(7, user.bio).bind(8, user.password_hash);
  if (auto ran = statement.bind(9, now_ms).run(); !ran) return tl::unexpected<Error>(ran.error());
  access.set_rows(1);
  return connection_.last_insert_id();
}

Result<Registration> SqliteUsers::insert(const NewUser& user, int64_t now_ms) {
  using Outcome = Registration::Outcome;
  Registration made;
  auto written = connection_.write([&]() -> Result<void> {
    const auto name_taken = taken(kByUsername, fold_text(user.username));
    if (!name_taken) return tl::unexpected<Error>(name_taken.error());
    const auto email_taken = taken(kByEmail, fold_text(user.email));
    if (!email_taken) return tl::unexpected<Error>(email_taken.error());
    made.outcome = *name_taken ? Outcome::username_taken : *email_taken ? Outcome::email_taken : Outcome::made;
    if (made.outcome != Outcome::made) return {};
    const auto id = store(user, now_ms);
    if (!id) return tl::unexpected<Error>(id.error());
    made.user.id = *id;
    return {};
  });
  if (!written) return tl::unexpected<Error>(written.error());
  if (made.outcome != Outcome::made) return made;
  made.user.username = user.username;
  made.user.email = user.email;
  made.user.display_name = user.display_name;
  made.user.bio = user.bio;
  made.user.created_at_ms = made.user.updated_at_ms = now_ms;
  return made;
}

Result<Login> SqliteUsers::login(std::string_view name) {
  const std::string folded = fold_text(name);
  Login login;
  for (const std::string_view sql : {kByUsername, kByEmail}) {
    AccessScope access(connection_.observer(), "SELECT", "users", request_id_);
    const auto raw = connection_.prepare(sql);
    if (!raw) return tl::unexpected<Error>(raw.error());
    Statement statement(*raw);
    const auto row = statement.bind(1, folded).step();
    if (!row) return tl::unexpected<Error>(row.error());
    access.set_rows(*row ? 1 : 0);
    if (!*row) continue;
    login.found = true;
    login.user = read_user(statement);
    login.user.email = statement.text(kEmailColumn);
    login.password_hash = statement.text(kPasswordColumn);
    break;
  }
  return login;
}

Result<UserPage> SqliteUsers::by_id(int64_t id) {
  AccessScope access(connection_.observer(), "SELECT", "users", request_id_);
  const auto raw = connection_.prepare(kById);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  const auto row = statement.bind(1, id).step();
  if (!row) return tl::unexpected<Error>(row.error());
  access.set_rows(*row ? 1 : 0);
  UserPage page;
  if (!*row) return page;
  page.users.push_back(read_user(statement));
  page.users.front().email = statement.text(kEmailColumn);
  return page;
}

Result<UserPage> SqliteUsers::list(ListRange range) {
  AccessScope access(connection_.observer(), "SELECT", "users", request_id_);
  const auto raw = connection_.prepare(kList);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  statement.bind(1, range.before).bind(2, range.limit + 1);  // one more, to know whether there are more
  UserPage page;
  while (true) {
    const auto row = statement.step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) break;
    page.more = static_cast<int64_t>(page.users.size()) == range.limit;
    if (page.more) break;
    page.users.push_back(read_user(statement));
  }
  access.set_rows(static_cast<int64_t>(page.users.size()));
  return page;
}

Result<UserPage> SqliteUsers::first(std::string_view sql, std::string_view from, std::string_view to) {
  AccessScope access(connection_.observer(), "SELECT", "users", request_id_);
  const auto raw = connection_.prepare(sql);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  statement.bind(1, from);
  if (!to.empty()) statement.bind(2, to);
  const auto row = statement.step();
  if (!row) return tl::unexpected<Error>(row.error());
  access.set_rows(*row ? 1 : 0);
  UserPage page;
  if (*row) page.users.push_back(read_user(statement));
  return page;
}

Result<UserPage> SqliteUsers::search(std::string_view query) {
  const std::string folded = fold_text(query);
  if (folded.empty()) return UserPage();
  const std::string past = past_prefix(folded);
  auto found = first(kByUsername, folded, {});
  if (found && found->absent()) found = first(kFirstUsername, folded, past);
  if (found && found->absent()) found = first(kFirstDisplayName, folded, past);
  return found;
}

Result<void> SqliteUsers::run_on_user(std::string_view operation, std::string_view table, std::string_view sql,
                                      int64_t id, int64_t* rows) {
  AccessScope access(connection_.observer(), operation, table, request_id_);
  const auto raw = connection_.prepare(sql);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  auto ran = statement.bind(1, id).run();
  access.set_rows(ran ? connection_.changes() : 0);
  if (ran && rows != nullptr) *rows = connection_.changes();
  return ran;
}

Result<Change> SqliteUsers::remove(int64_t id) {
  int64_t removed = 0;
  auto written = connection_.write([&]() -> Result<void> {
    auto followees = run_on_user("UPDATE", "users",
                                 "UPDATE users SET followers = followers - 1 "
                                 "WHERE id IN (SELECT followee_id FROM follows WHERE follower_id = ?1)",
                                 id);
    if (!followees) return followees;
    auto followers = run_on_user("UPDATE", "users",
                                 "UPDATE users SET following = following - 1 "
                                 "WHERE id IN (SELECT follower_id FROM follows WHERE followee_id = ?1)",
                                 id);
    if (!followers) return followers;
    // Tweets, their hashtags and words, and follows are deleted by cascade.
    return run_on_user("DELETE", "users", "DELETE FROM users WHERE id = ?1", id, &removed);
  });
  if (!written) return tl::unexpected<Error>(written.error());
  return removed == 1 ? Change::made : Change::not_found;
}

}  // namespace roost::api
