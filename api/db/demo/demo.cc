#include "api/db/demo/demo.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "api/db/demo/demo_content.h"
#include "api/db/postgres/pg_database.h"
#include "api/db/postgres/pg_like_store.h"
#include "api/db/sqlite/sqlite_database.h"
#include "api/db/sqlite/sqlite_like_store.h"
#include "api/db/sqlite/sqlite_schema.h"
#include "api/db/sqlite/write_lock.h"
#include "common/net/event_loop.h"

namespace roost::api {
namespace {

constexpr int64_t kLockTimeoutMs = 20'000;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kUsersMinutesAgo = 10'000;  // before the first tweet

/// One filling, step by step; the database reads the time from `clock`.
class DemoFill {
 public:
  DemoFill(const DemoTarget& target, Database& database, ManualClock& clock, int64_t now_ms)
      : target_(target), database_(database), clock_(clock), now_ms_(now_ms) {}

  Result<bool> has_tweets();
  Result<void> add_people(const std::string& password_hash);
  /// All from number `first` on.
  Result<void> add_tweets(size_t first);

 private:
  /// Starts an operation, `start(Done<T>)`, and waits for its answer.
  template <class T, class Start>
  Result<T> ask(Start start) {
    std::optional<Result<T>> answer;
    start(Done<T>([&](Result<T> result) { answer.emplace(std::move(result)); }));
    while (!answer) target_.turn();
    return std::move(*answer);
  }
  Result<void> add_user(const SampleUser& user, const std::string& password_hash);
  Result<void> add_follows(const SampleUser& user);
  /// The id of the tweet; 0 when its author does not exist.
  Result<int64_t> write(const SampleTweet& tweet);
  Result<std::optional<Tweet>> newest_of(int64_t user);

  const DemoTarget& target_;
  Database& database_;
  ManualClock& clock_;
  const int64_t now_ms_;
  std::unordered_map<std::string_view, int64_t> ids_;  // of the sample users that exist
};

Result<bool> DemoFill::has_tweets() {
  const auto page =
      ask<TweetPage>([&](Done<TweetPage> done) { database_.load_timeline({.limit = 1}, "", std::move(done)); });
  if (!page) return tl::unexpected<Error>(page.error());
  return !page->absent();
}

Result<void> DemoFill::add_user(const SampleUser& user, const std::string& password_hash) {
  const NewUser wanted{.username = std::string(user.username),
                       .email = std::string(user.username) + "@example.org",
                       .display_name = std::string(user.display_name),
                       .bio = std::string(user.bio),
                       .password_hash = password_hash};
  const auto made =
      ask<Registration>([&](Done<Registration> done) { database_.insert_user(wanted, "", std::move(done)); });
  if (!made) return tl::unexpected<Error>(made.error());
  if (made->outcome == Registration::Outcome::made) ids_[user.username] = made->user.id;
  if (made->outcome != Registration::Outcome::username_taken) return {};
  const auto known = ask<Login>([&](Done<Login> done) { database_.load_login(wanted.username, "", std::move(done)); });
  if (!known) return tl::unexpected<Error>(known.error());
  if (known->found && known->user.email == wanted.email) ids_[user.username] = known->user.id;
  return {};
}

Result<void> DemoFill::add_follows(const SampleUser& user) {
  const auto follower = ids_.find(user.username);
  if (follower == ids_.end()) return {};
  std::string_view rest = user.follows;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(' '), rest.size());
    const auto followee = ids_.find(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (followee == ids_.end()) continue;
    const auto followed = ask<FollowChange>(
        [&](Done<FollowChange> done) { database_.follow(follower->second, followee->second, "", std::move(done)); });
    if (!followed) return tl::unexpected<Error>(followed.error());
  }
  return {};
}

Result<void> DemoFill::add_people(const std::string& password_hash) {
  for (const SampleUser& user : sample_users()) {
    if (auto added = add_user(user, password_hash); !added) return added;
    clock_.advance_ms(kMinuteMs);
  }
  for (const SampleUser& user : sample_users()) {
    if (auto added = add_follows(user); !added) return added;
  }
  return {};
}

Result<std::optional<Tweet>> DemoFill::newest_of(int64_t user) {
  auto page = ask<TweetPage>(
      [&](Done<TweetPage> done) { database_.load_user_tweets(user, {.limit = 1}, "", std::move(done)); });
  if (!page) return tl::unexpected<Error>(page.error());
  if (page->absent()) return std::nullopt;
  return std::move(page->tweets.front());
}

Result<int64_t> DemoFill::write(const SampleTweet& tweet) {
  const auto author = ids_.find(tweet.username);
  if (author == ids_.end()) return 0;
  const auto made = ask<std::optional<Tweet>>([&](Done<std::optional<Tweet>> done) {
    database_.insert_tweet(author->second, std::string(tweet.content), "", std::move(done));
  });
  if (!made) return tl::unexpected<Error>(made.error());
  return *made ? (*made)->id : 0;
}

Result<void> DemoFill::add_tweets(size_t first) {
  const auto tweets = sample_tweets();
  for (size_t i = first; i < tweets.size(); ++i) {
    clock_.advance_ms(std::max<int64_t>(0, now_ms_ - tweets[i].minutes_ago * kMinuteMs - clock_.unix_ms()));
    batcher::KeyDelta likes{0, tweets[i].likes};
    if (const auto author = ids_.find(tweets[i].username); i == first && author != ids_.end()) {
      // Exists already if the last filling was interrupted between the tweet and its likes.
      const auto newest = newest_of(author->second);
      if (!newest) return tl::unexpected<Error>(newest.error());
      if (*newest && (*newest)->content == tweets[i].content) likes.key = (*newest)->id;
    }
    if (likes.key == 0) {
      const auto id = write(tweets[i]);
      if (!id) return tl::unexpected<Error>(id.error());
      likes.key = *id;
    }
    // Likes and the note that this tweet is there are one transaction.
    batcher::Batch batch{i + 2, {}};
    if (likes.key != 0) batch.deltas.push_back(likes);
    const batcher::Outcome applied = target_.likes.apply(kDemoJournal, batch);
    if (applied == batcher::Outcome::unknown) return {};
    if (applied == batcher::Outcome::not_applied)
      return fail("the demo stopped: the likes of a tweet were not applied");
  }
  return {};
}

}  // namespace

Result<void> fill_with_demo(const DemoTarget& target, const HashDemoPassword& hash, int64_t now_ms) {
  auto lock = WriteLock::open(target.lock_path);
  if (!lock) return tl::unexpected<Error>(lock.error());
  if (auto locked = lock->lock(kLockTimeoutMs); !locked) return locked;
  const auto sequence = target.likes.applied_seq(kDemoJournal);
  if (!sequence) return tl::unexpected<Error>(sequence.error());
  if (*sequence > sample_tweets().size()) return {};

  ManualClock clock(now_ms - kUsersMinutesAgo * kMinuteMs);
  const auto database = target.open(clock);
  if (!database) return tl::unexpected<Error>(database.error());
  DemoFill fill(target, **database, clock, now_ms);
  if (*sequence == 0) {
    const auto others = fill.has_tweets();
    if (!others) return tl::unexpected<Error>(others.error());
    if (*others) return {};
    const batcher::Outcome begun = target.likes.apply(kDemoJournal, {1, {}});
    if (begun == batcher::Outcome::unknown) return {};
    if (begun == batcher::Outcome::not_applied) return fail("the demo cannot begin: its journal was not registered");
  }
  const auto password_hash = hash();
  if (!password_hash) return tl::unexpected<Error>(password_hash.error());
  if (auto added = fill.add_people(*password_hash); !added) return added;
  return fill.add_tweets(*sequence == 0 ? 0 : *sequence - 1);
}

Result<void> fill_sqlite_with_demo(const std::string& path, observe::EventLog& events, const HashDemoPassword& hash,
                                   int64_t now_ms) {
  auto connection = SqliteConnection::open(path, SqliteConnection::Mode::write, nullptr);
  if (!connection) return tl::unexpected<Error>(connection.error());
  if (auto migrated = migrate(**connection); !migrated) return migrated;
  auto likes = SqliteLikeStore::open(path, nullptr, events);
  if (!likes) return tl::unexpected<Error>(likes.error());
  net::EventLoop loop;
  const DemoTarget target{
      .open = [&](const Clock& clock) -> Result<std::unique_ptr<Database>> {
        return SqliteDatabase::open(
            {.path = path, .observer = nullptr, .deliver = [&loop](Task task) { loop.post(std::move(task)); }}, clock);
      },
      .likes = **likes,
      .turn = [&loop] { loop.run_once(true); },
      .lock_path = path + ".demo-lock",
  };
  return fill_with_demo(target, hash, now_ms);
}

Result<void> fill_postgres_with_demo(PgCluster::Options cluster, observe::EventLog& events,
                                     const std::string& lock_path, const HashDemoPassword& hash, int64_t now_ms) {
  auto parsed = PgTarget::parse(cluster.url);
  if (!parsed) return tl::unexpected<Error>(parsed.error());
  cluster.replicas.clear();  // they may lag behind the primary
  cluster.pool.connections = 1;
  cluster.pool.queue_timeout_ms = cluster.timeout_ms;  // the first operation waits for the connection
  const PgConnection::Options& connection = cluster.pool.connection;
  PgLikeStore likes(std::move(*parsed),
                    {.connect_timeout_ms = connection.connect_timeout_ms,
                     .statement_timeout_ms = connection.statement_timeout_ms,
                     .answer_timeout_ms = cluster.timeout_ms,
                     .session = connection.session},
                    nullptr, events);
  net::EventLoop loop;
  const DemoTarget target{
      .open = [&](const Clock& clock) -> Result<std::unique_ptr<Database>> {
        return PgDatabase::open({.cluster = cluster, .observer = nullptr, .after_migration = nullptr}, loop, events,
                                clock);
      },
      .likes = likes,
      .turn = [&loop] { loop.run_once(true); },
      .lock_path = lock_path,
  };
  return fill_with_demo(target, hash, now_ms);
}

}  // namespace roost::api
