#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/db/database.h"
#include "api/db/sqlite/worker_threads.h"
#include "common/base/clock.h"

namespace roost::api {

/// Database over one SQLite file in WAL mode: one writer thread, kReaders reader threads, a connection each. Several
/// processes may share the file.
class SqliteDatabase final : public Database {
 public:
  static constexpr int kReaders = 2;

  struct Options {
    std::string path;
    AccessObserver* observer = nullptr;  ///< may be null; outlives the database
    /// Runs a task on the loop's thread later: EventLoop::post. Called on the database's threads.
    std::function<void(Task)> deliver;
  };

  /// Opens or creates the file and migrates its schema; blocks, so call it before the loop runs. `clock` outlives it.
  static Result<std::unique_ptr<SqliteDatabase>> open(Options options, const Clock& clock);

  void watch_journal(std::string journal) override { journal_ = std::move(journal); }
  void load_timeline(ListRange range, ReadFor by, Done<TweetPage> done) override;
  void load_tweet(int64_t id, ReadFor by, Done<TweetPage> done) override;
  void load_user_tweets(int64_t user_id, ListRange range, ReadFor by, Done<TweetPage> done) override;
  void load_hashtag_tweets(std::string tag, ListRange range, ReadFor by, Done<TweetPage> done) override;
  void search_tweets(std::vector<std::string> words, ListRange range, ReadFor by, Done<TweetPage> done) override;
  void insert_tweet(int64_t user_id, std::string content, std::string request_id,
                    Done<std::optional<Tweet>> done) override;
  void update_tweet(int64_t id, int64_t user_id, std::string content, std::string request_id,
                    Done<Change> done) override;
  void delete_tweet(int64_t id, int64_t user_id, std::string request_id, Done<Change> done) override;
  void insert_user(NewUser user, std::string request_id, Done<Registration> done) override;
  void load_login(std::string name, std::string request_id, Done<Login> done) override;
  void load_user(int64_t id, std::string request_id, Done<UserPage> done) override;
  void load_users(ListRange range, ReadFor by, Done<UserPage> done) override;
  void search_user(std::string query, ReadFor by, Done<UserPage> done) override;
  void delete_user(int64_t id, std::string request_id, Done<Change> done) override;
  void follow(int64_t follower, int64_t followee, std::string request_id, Done<FollowChange> done) override;
  void unfollow(int64_t follower, int64_t followee, std::string request_id, Done<FollowChange> done) override;
  void load_follows(int64_t id, FollowSide side, ListRange range, std::string request_id,
                    Done<FollowPage> done) override;
  void ping(Done<void> done) override;

 private:
  SqliteDatabase(std::function<void(Task)> deliver, const Clock& clock) : deliver_(std::move(deliver)), clock_(clock) {}
  /// Runs `call` with a connection on one of `threads`, and `done` with its result on the loop.
  template <class T, class Call>
  void run(WorkerThreads& threads, Call call, Done<T> done) {
    // Shared, since a refused job is destroyed with its captures.
    auto answer = std::make_shared<Done<T>>(std::move(done));
    const bool taken = threads.submit([this, call = std::move(call), answer](SqliteConnection& connection) mutable {
      Result<T> result = call(connection);
      deliver_([result = std::move(result), answer = std::move(answer)]() mutable { (*answer)(std::move(result)); });
    });
    if (taken) return;
    deliver_([answer] { (*answer)(fail("the database is too busy", Side::internal, true)); });
  }

  std::function<void(Task)> deliver_;
  const Clock& clock_;
  std::string journal_;
  std::unique_ptr<WorkerThreads> writer_;
  std::unique_ptr<WorkerThreads> readers_;
};

}  // namespace roost::api
