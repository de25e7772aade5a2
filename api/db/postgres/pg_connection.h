#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/db/postgres/pg_statement.h"
#include "api/db/postgres/pg_target.h"
#include "common/net/event_loop.h"
#include "common/net/fd_watcher.h"
#include "common/net/resolver.h"
#include "common/net/timer.h"

struct pg_conn;

namespace roost::api {

/// One connection to PostgreSQL on a loop, in libpq's pipeline mode: many jobs are in flight at once, each a
/// transaction of its own ended by a Sync, so that an error affects its own job only. Loop thread only.
///
///   state       meaning                                             leaves for
///   resolving   the names of its hosts are looked up                connecting, down
///   connecting  libpq connects and logs in                          preparing, down
///   preparing   the settings of the session are under way           up, down
///   up          takes jobs                                          down
///   down        for good: its owner retires it and makes another    –
///
/// A job past its deadline takes the connection down, since those behind it would wait as long.
class PgConnection final : public net::Retirable {
 public:
  struct Options {
    int64_t connect_timeout_ms = 2000;    ///< until it is up, look-ups included
    int64_t statement_timeout_ms = 4000;  ///< after which the server cancels a statement
    /// False behind a pooler that hands each transaction to another server: nothing is prepared, and nothing is set
    /// for the session.
    bool session = true;
    size_t first_host = 0;  ///< of several, as PgTarget::settings
  };
  static constexpr size_t kMaxInFlight = 16;

  class Owner {
   public:
    /// The job has come to its end here; never called within send().
    virtual void on_answer(PgJobPtr job, PgResult<PgRows> result) = 0;
    virtual void on_up(PgConnection& connection) = 0;
    /// After on_answer for whatever was in flight. Never called within start() or send().
    virtual void on_down(PgConnection& connection, const std::string& why) = 0;

   protected:
    ~Owner() = default;
  };

  /// All but `options` outlive it.
  PgConnection(net::EventLoop& loop, net::Resolver& resolver, const PgTarget& target, const Options& options,
               Owner& owner);
  ~PgConnection() override;

  void start();
  bool up() const { return state_ == State::up; }
  /// Whether on_up was called.
  bool was_up() const { return was_up_; }
  bool has_room() const { return up() && broken_.empty() && pending_.size() < kMaxInFlight; }
  size_t in_flight() const { return pending_.size(); }
  /// Only when has_room().
  void send(PgJobPtr job);
  void on_retired() override;

 private:
  enum class State : uint8_t { resolving, connecting, preparing, up, down };
  struct Pending {
    PgJobPtr job;
    std::deque<const PgStatement*> steps;  ///< a result each is to come for: a preparation, or null for an execution
    PgRows rows;
    std::vector<PgFailure> failures;  ///< the first is the cause
  };
  static bool is_move(State from, State to);
  void set_state(State next);
  void resolve_next();
  void connect();
  void poll_connecting();
  void prepare_session();
  void come_up();
  void on_ready(bool readable, bool writable);
  void flush();
  void read_results();
  void take_result(pg_result* raw);
  void finish_front();
  void on_time_out();
  void arm_timer();
  bool send_statement(Pending& pending, const PgStatement& statement, const PgParams& params);
  void break_later(std::string why);
  void go_down(const std::string& why);
  std::string last_error() const;

  net::EventLoop& loop_;
  net::Resolver& resolver_;
  const PgTarget& target_;
  const Options options_;
  Owner& owner_;
  State state_ = State::resolving;
  bool was_up_ = false;
  std::unique_ptr<net::Resolver::Lookup> lookup_;
  std::vector<std::vector<net::Address>> addresses_;
  pg_conn* raw_ = nullptr;
  std::unique_ptr<net::FdWatcher> watcher_;
  net::Timer timer_;
  int64_t connect_deadline_ms_ = 0;
  std::string broken_;  ///< reason to close at the next call of the timer
  std::deque<Pending> pending_;
  std::set<const PgStatement*> prepared_;
};

}  // namespace roost::api
