#include "api/db/sqlite/sqlite_tweets.h"

#include <fmt/format.h>

#include "api/db/hashtags.h"
#include "api/db/words.h"

namespace roost::api {
namespace {

// One statement sees one snapshot: counts and the applied sequence in it belong together.
#define ROOST_SELECT_TWEETS                                                               \
  "SELECT t.id, t.user_id, u.username, u.display_name, t.content, t.created_at_ms, "      \
  "t.updated_at_ms, t.likes, (SELECT applied_seq FROM like_journals WHERE journal = ?1) " \
  "FROM tweets t JOIN users u ON u.id = t.user_id "

constexpr std::string_view kTimeline = ROOST_SELECT_TWEETS "WHERE t.id < ?2 ORDER BY t.id DESC LIMIT ?3";
constexpr std::string_view kById = ROOST_SELECT_TWEETS "WHERE t.id = ?2";
constexpr std::string_view kOfUser =
    ROOST_SELECT_TWEETS "WHERE t.user_id = ?4 AND t.id < ?2 ORDER BY t.id DESC LIMIT ?3";
constexpr std::string_view kWithHashtag = ROOST_SELECT_TWEETS
    "WHERE t.id IN (SELECT tweet_id FROM tweet_hashtags WHERE tag = ?4 AND tweet_id < ?2 "
    "ORDER BY tweet_id DESC LIMIT ?3) ORDER BY t.id DESC";

constexpr std::string_view kWithWords = ROOST_SELECT_TWEETS
    "WHERE t.id IN (SELECT rowid FROM tweet_words WHERE tweet_words MATCH ?4 AND rowid < ?2 "
    "ORDER BY rowid DESC LIMIT ?3) ORDER BY t.id DESC";

#undef ROOST_SELECT_TWEETS

Tweet read_tweet(const Statement& row) {
  Tweet tweet;
  tweet.id = row.integer(0);
  tweet.user_id = row.integer(1);
  tweet.username = row.text(2);
  tweet.display_name = row.text(3);
  tweet.content = row.text(4);
  tweet.created_at_ms = row.integer(5);
  tweet.updated_at_ms = row.integer(6);
  tweet.likes = row.integer(7);
  return tweet;
}

}  // namespace

Result<TweetPage> SqliteTweets::page(Statement& statement, int64_t limit, AccessScope& access) {
  TweetPage page;
  while (true) {
    const Result<bool> row = statement.step();
    if (!row) return tl::unexpected<Error>(row.error());
    if (!*row) break;
    if (static_cast<int64_t>(page.tweets.size()) == limit) {
      page.more = true;  // one more than asked for was selected, to know this
      break;
    }
    page.tweets.push_back(read_tweet(statement));
    page.applied_seq = static_cast<uint64_t>(statement.integer(8));
  }
  access.set_rows(static_cast<int64_t>(page.tweets.size()));
  return page;
}

Result<TweetPage> SqliteTweets::timeline(ListRange range) {
  AccessScope access(connection_.observer(), "SELECT", "tweets", request_id_);
  const auto raw = connection_.prepare(kTimeline);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  statement.bind(1, journal_).bind(2, range.before).bind(3, range.limit + 1);
  return page(statement, range.limit, access);
}

Result<TweetPage> SqliteTweets::by_id(int64_t id) {
  AccessScope access(connection_.observer(), "SELECT", "tweets", request_id_);
  const auto raw = connection_.prepare(kById);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  statement.bind(1, journal_).bind(2, id);
  return page(statement, 1, access);
}

Result<TweetPage> SqliteTweets::of_user(int64_t user_id, ListRange range) {
  AccessScope access(connection_.observer(), "SELECT", "tweets", request_id_);
  const auto raw = connection_.prepare(kOfUser);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  statement.bind(1, journal_).bind(2, range.before).bind(3, range.limit + 1).bind(4, user_id);
  return page(statement, range.limit, access);
}

Result<TweetPage> SqliteTweets::with_hashtag(std::string_view tag, ListRange range) {
  AccessScope access(connection_.observer(), "SELECT", "tweets", request_id_);
  const auto raw = connection_.prepare(kWithHashtag);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  statement.bind(1, journal_).bind(2, range.before).bind(3, range.limit + 1).bind(4, tag);
  return page(statement, range.limit, access);
}

Result<TweetPage> SqliteTweets::search(std::span<const std::string> words, ListRange range) {
  AccessScope access(connection_.observer(), "SELECT", "tweets", request_id_);
  const auto raw = connection_.prepare(kWithWords);
  if (!raw) return tl::unexpected<Error>(raw.error());
  // Each word quoted (words hold no quotes), joined by AND.
  const std::string query = fmt::format("\"{}\"", fmt::join(words, "\" \""));
  Statement statement(*raw);
  statement.bind(1, journal_).bind(2, range.before).bind(3, range.limit + 1).bind(4, query);
  return page(statement, range.limit, access);
}

Result<std::optional<Tweet>> SqliteTweets::insert(int64_t user_id, std::string_view content, int64_t now_ms) {
  int64_t id = 0;
  auto written = connection_.write([&]() -> Result<void> {
    AccessScope access(connection_.observer(), "INSERT", "tweets", request_id_);
    const auto raw = connection_.prepare(
        "INSERT INTO tweets(user_id, content, created_at_ms, updated_at_ms) "
        "SELECT id, ?2, ?3, ?3 FROM users WHERE id = ?1");
    if (!raw) return tl::unexpected<Error>(raw.error());
    Statement statement(*raw);
    if (auto ran = statement.bind(1, user_id).bind(2, content).bind(3, now_ms).run(); !ran) return ran;
    access.set_rows(connection_.changes());
    if (connection_.changes() == 0) return {};
    id = connection_.last_insert_id();
    return index(id, content);
  });
  if (!written) return tl::unexpected<Error>(written.error());
  if (id == 0) return std::nullopt;
  auto inserted = by_id(id);
  if (!inserted) return tl::unexpected<Error>(inserted.error());
  if (inserted->tweets.empty()) return std::nullopt;  // the author was deleted meanwhile, and the tweet with it
  return std::move(inserted->tweets.front());
}

Result<void> SqliteTweets::index(int64_t id, std::string_view content) {
  auto tagged = store_hashtags(id, content);
  return tagged ? store_words(id, content) : tagged;
}

Result<Change> SqliteTweets::check_owner(int64_t id, int64_t user_id) {
  AccessScope access(connection_.observer(), "SELECT", "tweets", request_id_);
  const auto raw = connection_.prepare("SELECT user_id FROM tweets WHERE id = ?1");
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  const auto row = statement.bind(1, id).step();
  if (!row) return tl::unexpected<Error>(row.error());
  access.set_rows(*row ? 1 : 0);
  if (!*row) return Change::not_found;
  return statement.integer(0) == user_id ? Change::made : Change::not_owner;
}

Result<void> SqliteTweets::run_on_tweet(std::string_view operation, std::string_view table, std::string_view sql,
                                        int64_t id) {
  AccessScope access(connection_.observer(), operation, table, request_id_);
  const auto raw = connection_.prepare(sql);
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  auto ran = statement.bind(1, id).run();
  access.set_rows(ran ? connection_.changes() : 0);
  return ran;
}

Result<void> SqliteTweets::store_hashtags(int64_t id, std::string_view content) {
  const auto tags = extract_hashtags(content);
  if (tags.empty()) return {};
  AccessScope access(connection_.observer(), "INSERT", "tweet_hashtags", request_id_);
  const auto raw = connection_.prepare("INSERT INTO tweet_hashtags(tag, tweet_id) VALUES(?1, ?2)");
  if (!raw) return tl::unexpected<Error>(raw.error());
  for (const std::string& tag : tags) {
    Statement statement(*raw);
    if (auto ran = statement.bind(1, tag).bind(2, id).run(); !ran) return ran;
  }
  access.set_rows(static_cast<int64_t>(tags.size()));
  return {};
}

Result<void> SqliteTweets::store_words(int64_t id, std::string_view content) {
  AccessScope access(connection_.observer(), "INSERT", "tweet_words", request_id_);
  const auto raw = connection_.prepare("INSERT INTO tweet_words(rowid, words) VALUES(?1, ?2)");
  if (!raw) return tl::unexpected<Error>(raw.error());
  const std::string words = fmt::format("{}", fmt::join(extract_words(content), " "));
  Statement statement(*raw);
  auto ran = statement.bind(1, id).bind(2, words).run();
  access.set_rows(ran ? 1 : 0);
  return ran;
}

Result<Change> SqliteTweets::update(int64_t id, int64_t user_id, std::string_view content, int64_t now_ms) {
  Change change = Change::made;
  auto written = connection_.write([&]() -> Result<void> {
    const auto owned = check_owner(id, user_id);
    if (!owned) return tl::unexpected<Error>(owned.error());
    change = *owned;
    if (change != Change::made) return {};
    AccessScope access(connection_.observer(), "UPDATE", "tweets", request_id_);
    const auto raw = connection_.prepare("UPDATE tweets SET content = ?2, updated_at_ms = ?3 WHERE id = ?1");
    if (!raw) return tl::unexpected<Error>(raw.error());
    Statement statement(*raw);
    if (auto ran = statement.bind(1, id).bind(2, content).bind(3, now_ms).run(); !ran) return ran;
    access.set_rows(1);
    auto cleared = run_on_tweet("DELETE", "tweet_hashtags", "DELETE FROM tweet_hashtags WHERE tweet_id = ?1", id);
    if (!cleared) return cleared;
    cleared = run_on_tweet("DELETE", "tweet_words", "DELETE FROM tweet_words WHERE rowid = ?1", id);
    if (!cleared) return cleared;
    return index(id, content);
  });
  if (!written) return tl::unexpected<Error>(written.error());
  return change;
}

Result<Change> SqliteTweets::remove(int64_t id, int64_t user_id) {
  Change change = Change::made;
  auto written = connection_.write([&]() -> Result<void> {
    const auto owned = check_owner(id, user_id);
    if (!owned) return tl::unexpected<Error>(owned.error());
    change = *owned;
    if (change != Change::made) return {};
    return run_on_tweet("DELETE", "tweets", "DELETE FROM tweets WHERE id = ?1", id);  // with its hashtags and words
  });
  if (!written) return tl::unexpected<Error>(written.error());
  return change;
}

}  // namespace roost::api
