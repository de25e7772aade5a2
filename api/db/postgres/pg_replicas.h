#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "api/db/postgres/pg_pool.h"
#include "api/db/replica_lag.h"
#include "api/db/replica_stats.h"
#include "common/net/timer.h"

namespace roost::api {

/// The read replicas of a database, and which of them may be read. Each is asked now and then how far it has come, one
/// round after the other, after the primary was asked the same (ReplicaLag). One that is away, that has not been proven
/// to be younger than max_lag, or that is no standby (any more) is not read; the log says so once, and again when it is
/// read again. Loop thread only.
class PgReplicas {
 public:
  /// Runs a job on the primary.
  using Primary = std::function<void(PgJobPtr job)>;

  struct Options {
    int64_t max_lag_ms = 10'000;  ///< 0: whatever is up is read, and nobody is asked
    int64_t timeout_ms = 5'000;   ///< of a question, as of other operations: one that is late costs the connection
  };

  /// `loop` and `events` outlive it.
  PgReplicas(net::EventLoop& loop, observe::EventLog& events, Options options, Primary primary);
  ~PgReplicas();

  void add(std::unique_ptr<PgPool> pool);
  void start();
  /// The one whose turn it is of those that may be read and have what was committed up to `since_ms`, a time of the
  /// loop; null when there is none. Counts the read either way.
  PgPool* next(int64_t since_ms);
  ReplicaStats stats() const;

 private:
  struct Replica;
  void ask_primary();
  void ask_replicas(int64_t position, int64_t asked_ms);
  void on_answer(Replica& replica, const PgResult<PgRows>& rows);
  void next_round();
  bool may_be_read(const Replica& replica) const;
  bool has(const Replica& replica, int64_t since_ms) const;
  void tell(Replica& replica);

  net::EventLoop& loop_;
  observe::EventLog& events_;
  const Options options_;
  const Primary primary_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  size_t next_ = 0;
  net::Timer timer_;  ///< for the next round
  uint64_t reads_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace roost::api
