#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/db/database.h"
#include "api/db/worker_threads.h"
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

  /// Opens or creates the file and brings its schema up to date; blocks, so before the loop runs. `clock` outlives it.
  static Result<std::unique_ptr<SqliteDatabase>> open(Options options, const Clock& clock);

  void watch_journal(std::string journal) override { journal_ = std::move(journal); }
  void load_timeline(ListRange range, std::string request_id, Done<TweetPage> done) override;
  void load_tweet(int64_t id, std::string request_id, Done<TweetPage> done) override;
  void load_user_tweets(int64_t user_id, ListRange range, std::string request_id, Done<TweetPage> done) override;
  void load_hashtag_tweets(std::string tag, ListRange range, std::string request_id, Done<TweetPage> done) override;
  void insert_tweet(int64_t user_id, std::string content, std::string request_id, Done<Tweet> done) override;
  void update_tweet(int64_t id, int64_t user_id, std::string content, std::string request_id,
                    Done<Change> done) override;
  void delete_tweet(int64_t id, int64_t user_id, std::string request_id, Done<Change> done) override;
  void ping(Done<void> done) override;

 private:
  SqliteDatabase(std::function<void(Task)> deliver, const Clock& clock) : deliver_(std::move(deliver)), clock_(clock) {}
  /// Runs `call` with a connection on one of `threads` and brings its result to `done` on the loop.
  template <class T, class Call>
  void run(WorkerThreads& threads, Call call, Done<T> done);

  std::function<void(Task)> deliver_;
  const Clock& clock_;
  std::string journal_;
  std::unique_ptr<WorkerThreads> writer_;
  std::unique_ptr<WorkerThreads> readers_;
};

}  // namespace roost::api
