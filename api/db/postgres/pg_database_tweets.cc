#include "api/db/hashtags.h"
#include "api/db/postgres/pg_database.h"
#include "api/db/words.h"

namespace roost::api {
namespace {

// One statement sees one snapshot: counts and the applied sequence in it belong together. $1 journal, $2 before, $3 one
// more than the limit, to know whether there are more.
#define ROOST_SELECT_TWEETS                                                          \
  "SELECT t.id, t.user_id, u.username, u.display_name, t.content, t.created_at_ms, " \
  "t.updated_at_ms, t.likes, (SELECT applied_seq FROM like_journals WHERE journal = $1) FROM tweets t "
#define ROOST_JOIN_USERS "JOIN users u ON u.id = t.user_id "

constexpr PgStatement kTimeline{ROOST_SELECT_TWEETS ROOST_JOIN_USERS "WHERE t.id < $2 ORDER BY t.id DESC LIMIT $3",
                                true};
constexpr PgStatement kById{ROOST_SELECT_TWEETS ROOST_JOIN_USERS "WHERE t.id = $2", true};
constexpr PgStatement kOfUser{
    ROOST_SELECT_TWEETS ROOST_JOIN_USERS "WHERE t.user_id = $4 AND t.id < $2 ORDER BY t.id DESC LIMIT $3", true};
constexpr PgStatement kWithHashtag{
    ROOST_SELECT_TWEETS
    "JOIN (SELECT tweet_id FROM tweet_hashtags WHERE tag = $4 AND tweet_id < $2 ORDER BY tweet_id DESC LIMIT $3) h "
    "ON h.tweet_id = t.id " ROOST_JOIN_USERS "ORDER BY t.id DESC",
    true};
// The number of tweets with a word decides between scanning the newest tweets and using the index of words.
constexpr PgStatement kWithWords{ROOST_SELECT_TWEETS ROOST_JOIN_USERS
                                 "WHERE t.words @@ $4::text::tsquery AND t.id < $2 ORDER BY t.id DESC LIMIT $3",
                                 true, PgStatement::Plan::fresh};

#undef ROOST_SELECT_TWEETS
#undef ROOST_JOIN_USERS

// $1 author, $2 content, $3 now, $4 words, $5 hashtags.
constexpr PgStatement kInsert{
    "WITH author AS (SELECT id, username, display_name FROM users WHERE id = $1 FOR KEY SHARE), made AS ("
    "  INSERT INTO tweets(user_id, content, words, created_at_ms, updated_at_ms)"
    "  SELECT id, $2, array_to_tsvector($4), $3, $3 FROM author RETURNING id"
    "), tagged AS ("
    "  INSERT INTO tweet_hashtags(tag, tweet_id) SELECT h.tag, made.id FROM made, unnest($5::text[]) AS h(tag)"
    ") SELECT made.id, author.username, author.display_name FROM made, author"};

// Locks the tweet first, so that the next statement sees what a concurrent change has committed. $1 tweet.
constexpr PgStatement kLock{"SELECT 1 FROM tweets WHERE id = $1 FOR NO KEY UPDATE"};
// $1 tweet, $2 user, $3 content, $4 now, $5 words, $6 hashtags.
constexpr PgStatement kUpdate{
    "WITH changed AS ("
    "  UPDATE tweets SET content = $3, words = array_to_tsvector($5), updated_at_ms = $4"
    "  WHERE id = $1 AND user_id = $2 RETURNING id"
    "), cleared AS ("
    "  DELETE FROM tweet_hashtags h USING changed WHERE h.tweet_id = changed.id AND h.tag <> ALL($6)"
    "), tagged AS ("
    "  INSERT INTO tweet_hashtags(tag, tweet_id) SELECT h.tag, changed.id FROM changed, unnest($6::text[]) AS h(tag)"
    "  ON CONFLICT DO NOTHING"
    ") SELECT (SELECT count(*) FROM tweets WHERE id = $1), (SELECT count(*) FROM changed)"};

// Hashtags are deleted by cascade. $1 tweet, $2 user.
constexpr PgStatement kDelete{
    "WITH gone AS (DELETE FROM tweets WHERE id = $1 AND user_id = $2 RETURNING id) "
    "SELECT (SELECT count(*) FROM tweets WHERE id = $1), (SELECT count(*) FROM gone)"};

TweetPage read_page(const PgRows& rows, int64_t limit) {
  TweetPage page;
  page.more = rows.count() > limit;
  const int64_t count = page.more ? limit : rows.count();
  for (int64_t row = 0; row < count; ++row) {
    Tweet& tweet = page.tweets.emplace_back();
    tweet.id = rows.integer(row, 0);
    tweet.user_id = rows.integer(row, 1);
    tweet.username = rows.text(row, 2);
    tweet.display_name = rows.text(row, 3);
    tweet.content = rows.text(row, 4);
    tweet.created_at_ms = rows.integer(row, 5);
    tweet.updated_at_ms = rows.integer(row, 6);
    tweet.likes = rows.integer(row, 7);
    page.applied_seq = static_cast<uint64_t>(rows.integer(row, 8));
  }
  return page;
}

/// From a row that says whether the tweet exists and how many rows were changed.
Result<Change> read_change(const PgRows& rows, AccessScope& scope) {
  scope.set_rows(rows.integer(0, 1));
  if (rows.integer(0, 1) > 0) return Change::made;
  return rows.integer(0, 0) > 0 ? Change::not_owner : Change::not_found;
}

struct WrittenTweet {
  int64_t id;
  void operator()(OwnWrites& writes, const Result<Change>&, int64_t now_ms) const { writes.tweet(id, now_ms); }
};

}  // namespace

void PgDatabase::load_page(const PgStatement& statement, PgParams params, Place place, int64_t limit,
                           std::string request_id, Done<TweetPage> done) {
  read<TweetPage>(
      statement, std::move(params), place, {"SELECT", "tweets", std::move(request_id)},
      [limit](const PgRows& rows, AccessScope& scope) -> Result<TweetPage> {
        TweetPage page = read_page(rows, limit);
        scope.set_rows(static_cast<int64_t>(page.tweets.size()));
        return page;
      },
      std::move(done));
}

void PgDatabase::load_timeline(ListRange range, ReadFor by, Done<TweetPage> done) {
  PgParams params;
  params.add(journal_).add(range.before).add(range.limit + 1);
  const Place at = place(by, own_writes_.last_of_tweets());
  load_page(kTimeline, std::move(params), at, range.limit, std::move(by.request_id), std::move(done));
}

void PgDatabase::load_tweet(int64_t id, ReadFor by, Done<TweetPage> done) {
  PgParams params;
  params.add(journal_).add(id);
  const Place at = place(by, own_writes_.last_of_tweet(id));
  if (!at.primary) {
    // A tweet that is too new for a replica must not be called absent.
    done = [this, id, request = by.request_id, done = std::move(done)](Result<TweetPage> page) mutable {
      if (!page || !page->absent()) return done(std::move(page));
      load_tweet(id, {std::move(request), Freshness::current}, std::move(done));
    };
  }
  load_page(kById, std::move(params), at, 1, std::move(by.request_id), std::move(done));
}

void PgDatabase::load_user_tweets(int64_t user_id, ListRange range, ReadFor by, Done<TweetPage> done) {
  PgParams params;
  params.add(journal_).add(range.before).add(range.limit + 1).add(user_id);
  const Place at = place(by, own_writes_.last_of_tweets());
  load_page(kOfUser, std::move(params), at, range.limit, std::move(by.request_id), std::move(done));
}

void PgDatabase::load_hashtag_tweets(std::string tag, ListRange range, ReadFor by, Done<TweetPage> done) {
  const std::string folded = fold_text(tag);
  if (!is_postgres_text(folded)) return answer_later(TweetPage(), std::move(done));
  PgParams params;
  params.add(journal_).add(range.before).add(range.limit + 1).add(folded);
  const Place at = place(by, own_writes_.last_of_tweets());
  load_page(kWithHashtag, std::move(params), at, range.limit, std::move(by.request_id), std::move(done));
}

void PgDatabase::search_tweets(std::vector<std::string> words, ListRange range, ReadFor by, Done<TweetPage> done) {
  PgParams params;
  params.add(journal_).add(range.before).add(range.limit + 1).add(tsquery_of_all(words));
  const Place at = place(by, own_writes_.last_of_tweets());
  load_page(kWithWords, std::move(params), at, range.limit, std::move(by.request_id), std::move(done));
}

void PgDatabase::insert_tweet(int64_t user_id, std::string content, std::string request_id,
                              Done<std::optional<Tweet>> done) {
  Tweet tweet;
  tweet.user_id = user_id;
  tweet.created_at_ms = tweet.updated_at_ms = clock_.unix_ms();
  const std::vector<std::string> words = extract_words(content);
  const std::vector<std::string> tags = extract_hashtags(content);
  PgParams params;
  params.add(user_id).add(content).add(tweet.created_at_ms).add(words).add(tags);
  tweet.content = std::move(content);
  auto decode = [tweet](const PgRows& rows, AccessScope& scope) mutable -> Result<std::optional<Tweet>> {
    scope.set_rows(rows.count());
    if (rows.count() == 0) return std::nullopt;
    tweet.id = rows.integer(0, 0);
    tweet.username = rows.text(0, 1);
    tweet.display_name = rows.text(0, 2);
    return std::move(tweet);
  };
  const auto written = [](OwnWrites& writes, const Result<std::optional<Tweet>>& made, int64_t now_ms) {
    if (made && *made) writes.tweet((*made)->id, now_ms);
  };
  write<std::optional<Tweet>>(make_job(kInsert, std::move(params)), written,
                              {"INSERT", "tweets", std::move(request_id)}, std::move(decode), std::move(done));
}

void PgDatabase::update_tweet(int64_t id, int64_t user_id, std::string content, std::string request_id,
                              Done<Change> done) {
  const std::vector<std::string> words = extract_words(content);
  const std::vector<std::string> tags = extract_hashtags(content);
  PgParams params;
  params.add(id).add(user_id).add(content).add(clock_.unix_ms()).add(words).add(tags);
  PgJobPtr job = make_job(kUpdate, std::move(params));
  job->lock = &kLock;
  job->lock_params.add(id);
  write<Change>(std::move(job), WrittenTweet{id}, {"UPDATE", "tweets", std::move(request_id)}, read_change,
                std::move(done));
}

void PgDatabase::delete_tweet(int64_t id, int64_t user_id, std::string request_id, Done<Change> done) {
  PgParams params;
  params.add(id).add(user_id);
  PgJobPtr job = make_job(kDelete, std::move(params));
  job->lock = &kLock;
  job->lock_params.add(id);
  write<Change>(std::move(job), WrittenTweet{id}, {"DELETE", "tweets", std::move(request_id)}, read_change,
                std::move(done));
}

}  // namespace roost::api
