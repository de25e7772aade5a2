#include "api/db/demo.h"

#include <array>
#include <string_view>

#include "api/db/sqlite_connection.h"
#include "api/db/sqlite_schema.h"
#include "api/db/sqlite_tweets.h"
#include "api/db/words.h"

namespace roost::api {
namespace {

struct SampleUser {
  int64_t id;
  std::string_view username;
  std::string_view display_name;
};
constexpr std::array<SampleUser, 5> kUsers{{{kDemoUserId, "demo", "Demo"},
                                            {2, "mira", "Mira Lindqvist"},
                                            {3, "tomasz", "Tomasz Wieczorek"},
                                            {4, "adaeze", "Adaeze Obi"},
                                            {5, "kenji", "Kenji Morita"}}};

struct SampleTweet {
  int64_t user_id;
  int64_t minutes_ago;
  int64_t likes;
  std::string_view content;
};
constexpr std::array<SampleTweet, 12> kTweets{{
    {2, 2950, 41, "Moved to the house by the harbour. The gulls are the landlords, we merely rent. #newhome"},
    {3, 2710, 18, "Spent the evening replacing a bicycle chain and learning six new words from my neighbour."},
    {4, 2300, 63, "Sourdough, day four: it has a name now, and opinions. #baking"},
    {5, 1980, 27, "The 6:12 train at this time of year: fog over the rice fields and nobody says a word. Perfect."},
    {2, 1500, 12, "Does anyone lend out a pasta machine for a weekend? I promise to return it with ravioli. #baking"},
    {4, 1240, 95, "My daughter asked whether clouds get tired. I have been thinking about it all day."},
    {3, 900, 33, "Rooks over the market hall again, hundreds of them, all talking at once. #birds"},
    {5, 610, 54, "First persimmons on the tree behind the workshop. We share: one for us, one for the crows. #birds"},
    {2, 340, 22, "Swam before work. 9 degrees. I can feel my eyebrows again as of ten minutes ago."},
    {1, 125, 8, "Hello from Roost! Press the heart a few times: the count goes up at once and is never lost. #hello"},
    {4, 48, 16, "If you only repair one thing this month, let it be the door that squeaks. Instant joy."},
    {3, 7, 5, "Library has a new shelf called \"Books nobody returned on time\". I am in it twice. #reading"},
}};

Result<bool> has_tweets(SqliteConnection& connection) {
  const auto raw = connection.prepare("SELECT 1 FROM tweets LIMIT 1");
  if (!raw) return tl::unexpected<Error>(raw.error());
  return Statement(*raw).step();
}

Result<void> insert_user(SqliteConnection& connection, const SampleUser& user, int64_t now_ms) {
  const auto raw = connection.prepare(
      "INSERT INTO users(id, username, username_folded, display_name, display_name_folded, created_at_ms, "
      "updated_at_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT DO NOTHING");
  if (!raw) return tl::unexpected<Error>(raw.error());
  const std::string username = fold_text(user.username);
  const std::string display_name = fold_text(user.display_name);
  Statement statement(*raw);
  statement.bind(1, user.id).bind(2, user.username).bind(3, username);
  return statement.bind(4, user.display_name).bind(5, display_name).bind(6, now_ms).run();
}

Result<void> insert_tweet(SqliteConnection& connection, const SampleTweet& tweet, int64_t now_ms) {
  const auto raw = connection.prepare(
      "INSERT INTO tweets(user_id, content, likes, created_at_ms, updated_at_ms) VALUES(?1, ?2, ?3, ?4, ?4)");
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  statement.bind(1, tweet.user_id).bind(2, tweet.content).bind(3, tweet.likes);
  if (auto ran = statement.bind(4, now_ms - tweet.minutes_ago * 60'000).run(); !ran) return ran;
  return SqliteTweets(connection, "", "").index(connection.last_insert_id(), tweet.content);
}

Result<void> insert_all(SqliteConnection& connection, int64_t now_ms) {
  const auto filled = has_tweets(connection);
  if (!filled) return tl::unexpected<Error>(filled.error());
  if (*filled) return {};
  for (const SampleUser& user : kUsers) {
    if (auto inserted = insert_user(connection, user, now_ms); !inserted) return inserted;
  }
  for (const SampleTweet& tweet : kTweets) {
    if (auto inserted = insert_tweet(connection, tweet, now_ms); !inserted) return inserted;
  }
  return {};
}

/// One write transaction on a connection of its own, schema made first.
Result<void> write_to(const std::string& path, Result<void> (*body)(SqliteConnection&, int64_t), int64_t now_ms) {
  auto connection = SqliteConnection::open(path, SqliteConnection::Mode::write, nullptr);
  if (!connection) return tl::unexpected<Error>(connection.error());
  if (auto migrated = migrate(**connection); !migrated) return migrated;
  return (*connection)->write([&] { return body(**connection, now_ms); });
}

}  // namespace

Result<void> ensure_demo_user(const std::string& database_path, int64_t now_ms) {
  return write_to(
      database_path, [](SqliteConnection& connection, int64_t now) { return insert_user(connection, kUsers[0], now); },
      now_ms);
}

Result<void> add_demo_content(const std::string& database_path, int64_t now_ms) {
  return write_to(database_path, insert_all, now_ms);
}

}  // namespace roost::api
