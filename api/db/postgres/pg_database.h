#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/db/access.h"
#include "api/db/database.h"
#include "api/db/own_writes.h"
#include "api/db/postgres/pg_cluster.h"
#include "api/db/postgres/pg_migration.h"
#include "common/base/clock.h"

namespace roost::api {

/// Database over PostgreSQL. Every operation is one transaction in one round trip, mostly one statement; many are in
/// flight at once. Nothing blocks the loop: the schema is migrated on a thread of its own; until that is done, and
/// whenever no server answers, operations fail with a retryable error after queue_timeout_ms.
class PgDatabase final : public Database {
 public:
  struct Options {
    PgCluster::Options cluster;
    AccessObserver* observer = nullptr;  ///< may be null; outlives the database
    /// Runs once on the migration's thread after the migration, before anything is served; may be empty.
    PgMigration::AfterMigration after_migration;
  };

  /// `loop`, `events` and `clock` outlive it. The error is about a URL.
  static Result<std::unique_ptr<PgDatabase>> open(Options options, net::EventLoop& loop, observe::EventLog& events,
                                                  const Clock& clock);

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
  void ping(Done<void> done) override;
  ReplicaStats replica_stats() const override { return cluster_->replica_stats(); }

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

 private:
  PgDatabase(net::EventLoop& loop, observe::EventLog& events, const Clock& clock, AccessObserver* observer)
      : loop_(loop), events_(events), clock_(clock), observer_(observer) {}

  /// What /logs shows of an operation.
  struct Access {
    std::string_view operation;
    std::string_view table;
    std::string request_id;
  };
  /// An operation under way. Not movable: the scope borrows the request's id.
  struct Call {
    Call(Access a, AccessObserver* observer)
        : access(std::move(a)), scope(observer, access.operation, access.table, access.request_id) {}
    Access access;
    AccessScope scope;
  };

  /// Where a job may be answered: by the primary, or also by a replica that has what was committed before then.
  struct Place {
    bool primary = true;
    int64_t since_ms = OwnWrites::kNever;
  };
  static Place place(const ReadFor& by, int64_t last_write_ms) {
    return {.primary = by.freshness == Freshness::current, .since_ms = last_write_ms};
  }
  /// Runs `job` and calls `done` with decode(rows, scope), or with the error.
  template <class T, class Decode>
  void run(PgJobPtr job, Place place, Access access, Decode decode, Done<T> done) {
    auto call = std::make_unique<Call>(std::move(access), observer_);
    job->done = [this, call = std::move(call), decode = std::move(decode),
                 done = std::move(done)](PgResult<PgRows> rows) mutable {
      Result<T> result = rows ? decode(*rows, call->scope) : Result<T>(tl::unexpected<Error>(report(rows.error())));
      call.reset();  // records the access before `done` runs
      done(std::move(result));
    };
    if (place.primary) return cluster_->run(std::move(job));
    cluster_->run_on_replica(std::move(job), place.since_ms);
  }
  template <class T, class Decode>
  void read(const PgStatement& statement, PgParams params, Place place, Access access, Decode decode, Done<T> done) {
    run<T>(make_job(statement, std::move(params)), place, std::move(access), std::move(decode), std::move(done));
  }
  /// On the primary; `written` is told of it before `done` runs, whether it is known to be committed or not.
  template <class T, class Written, class Decode>
  void write(PgJobPtr job, Written written, Access access, Decode decode, Done<T> done) {
    Done<T> tell = [this, written, done = std::move(done)](Result<T> result) mutable {
      written(own_writes_, result, loop_.now_ms());
      done(std::move(result));
    };
    run<T>(std::move(job), Place(), std::move(access), std::move(decode), std::move(tell));
  }
  /// Calls `done(value)` at a later turn, for results known without the database.
  template <class T>
  void answer_later(T value, Done<T> done) {
    loop_.post([value = std::move(value), done = std::move(done)]() mutable { done(std::move(value)); });
  }
  static PgJobPtr make_job(const PgStatement& statement, PgParams params);
  Error report(const PgFailure& failure);
  void load_page(const PgStatement& statement, PgParams params, Place place, int64_t limit, std::string request_id,
                 Done<TweetPage> done);
  void change_follow(const PgStatement& statement, std::string_view operation, PgParams params, std::string request_id,
                     Done<FollowChange> done);

  net::EventLoop& loop_;
  observe::EventLog& events_;
  const Clock& clock_;
  OwnWrites own_writes_;
  AccessObserver* observer_;
  std::string journal_;
  std::shared_ptr<PgCluster> cluster_;  // the only strong reference; posted tasks hold weak ones
  std::unique_ptr<PgMigration> migration_;
};

}  // namespace roost::api
