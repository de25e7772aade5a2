#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/db/postgres/pg_connection.h"
#include "common/base/backoff.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// A fixed number of connections to one server, reconnected when lost, and a bounded queue of jobs. A job goes to the
/// connection with the fewest in flight. Loop thread only.
class PgPool final : private PgConnection::Owner {
 public:
  struct Options {
    PgConnection::Options connection;
    size_t connections = 4;
    size_t max_queued = 1024;
    int64_t queue_timeout_ms = 1000;  ///< how long a job waits for a connection
    Backoff backoff{50, 5000};        ///< between two attempts to connect
  };
  /// Called with the result of a job; never within submit().
  using OnAnswer = std::function<void(PgJobPtr job, PgResult<PgRows> result)>;

  /// `loop`, `resolver` and `events` outlive it.
  PgPool(net::EventLoop& loop, net::Resolver& resolver, PgTarget target, Options options, observe::EventLog& events,
         OnAnswer on_answer);
  /// Jobs without an answer get none any more.
  ~PgPool();

  /// Starts connecting. Until then jobs queue.
  void start();
  /// Always takes the job. One that finds the queue full, or that no connection takes in time, is answered `try_later`.
  void submit(PgJobPtr job);
  /// Whether some connection is up.
  bool up() const { return up_ > 0; }
  size_t queued() const { return queue_.size(); }
  const std::string& name() const { return target_.name(); }

 private:
  struct Slot {
    Slot(PgPool& p) : pool(p), retry(net::Timer::of<&Slot::open>(p.loop_.timers(), this)) {}
    void open() { pool.open(*this); }
    PgPool& pool;
    std::unique_ptr<PgConnection> connection;
    net::Timer retry;
    int failures = 0;
  };
  struct Waiting {
    PgJobPtr job;
    int64_t until_ms;
  };
  void on_answer(PgJobPtr job, PgResult<PgRows> result) override;
  void on_up(PgConnection& connection) override;
  void on_down(PgConnection& connection, const std::string& why) override;
  void open(Slot& slot);
  Slot& slot_of(const PgConnection& connection);
  PgConnection* least_busy();
  void send_queued();
  void answer_refused();
  void expire();
  void arm_expiry();

  net::EventLoop& loop_;
  net::Resolver& resolver_;
  const PgTarget target_;
  const Options options_;
  observe::EventLog& events_;
  OnAnswer answer_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::deque<Waiting> queue_;
  std::vector<PgJobPtr> refused_;  ///< refused because the queue is full, answered at a later turn
  net::Timer expiry_;
  size_t up_ = 0;
  bool away_ = false;                                       ///< logged as unreachable
  std::shared_ptr<char> alive_ = std::make_shared<char>();  ///< for posted tasks, which may outlive the pool
};

}  // namespace roost::api
