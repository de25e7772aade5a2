#include "api/db/postgres/pg_replicas.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace roost::api {
namespace {

// What was committed with synchronous_commit = off may be seen before it is flushed, for up to three times
// wal_writer_delay (0.6 s): by so much a replica may be older than is proven.
constexpr PgStatement kPrimaryPosition{"SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint", true,
                                       PgStatement::Plan::fresh};
// No row of a server that is no standby.
constexpr PgStatement kReplicaPosition{
    "SELECT (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint WHERE pg_is_in_recovery()", true,
    PgStatement::Plan::fresh};

constexpr int64_t kMinPeriodMs = 50;
constexpr int64_t kMaxPeriodMs = 1'000;
constexpr int64_t kAssumedLagMs = 2'000;  ///< Where it is not measured, for reads of what this worker wrote.

}  // namespace

struct PgReplicas::Replica {
  std::unique_ptr<PgPool> pool;
  ReplicaLag lag = {};
  bool told_read = false;  ///< what the log says
  bool told_why = false;
  bool standby = true;
  bool asked = false;  ///< and has not answered: one that hangs holds up no other
};

PgReplicas::PgReplicas(net::EventLoop& loop, observe::EventLog& events, Options options, Primary primary)
    : loop_(loop),
      events_(events),
      options_(options),
      primary_(std::move(primary)),
      timer_(net::Timer::of<&PgReplicas::ask_primary>(loop.timers(), this)) {}

PgReplicas::~PgReplicas() = default;

void PgReplicas::add(std::unique_ptr<PgPool> pool) {
  replicas_.push_back(std::make_unique<Replica>(Replica{std::move(pool)}));
}

void PgReplicas::start() {
  for (const auto& replica : replicas_) replica->pool->start();
  if (!replicas_.empty() && options_.max_lag_ms > 0) ask_primary();
}

// ---- how old they are -----------------------------------------------------------------------------------------------

void PgReplicas::ask_primary() {
  const int64_t asked_ms = loop_.now_ms();
  auto job = std::make_unique<PgJob>();
  job->statement = &kPrimaryPosition;
  job->deadline_ms = asked_ms + options_.timeout_ms;
  job->done = [this, asked_ms](PgResult<PgRows> rows) {
    if (rows && rows->count() > 0) ask_replicas(rows->integer(0, 0), asked_ms);
    next_round();
  };
  primary_(std::move(job));
}

void PgReplicas::ask_replicas(int64_t position, int64_t asked_ms) {
  for (const auto& replica : replicas_) {
    replica->lag.primary_at(position, asked_ms);
    if (std::exchange(replica->asked, true)) continue;
    auto job = std::make_unique<PgJob>();
    job->statement = &kReplicaPosition;
    job->stays = true;
    job->deadline_ms = loop_.now_ms() + options_.timeout_ms;
    job->done = [this, to = replica.get()](PgResult<PgRows> rows) { on_answer(*to, rows); };
    replica->pool->submit(std::move(job));
  }
}

void PgReplicas::on_answer(Replica& replica, const PgResult<PgRows>& rows) {
  replica.asked = false;
  if (rows) {
    replica.standby = rows->count() > 0;
    if (replica.standby) replica.lag.replica_at(rows->integer(0, 0));
  }
  tell(replica);
}

void PgReplicas::next_round() {
  for (const auto& replica : replicas_) tell(*replica);
  timer_.start_ms(std::clamp(options_.max_lag_ms / 8, kMinPeriodMs, kMaxPeriodMs));
}

void PgReplicas::tell(Replica& replica) {
  const bool read = may_be_read(replica);
  const bool known = replica.told_read || !replica.standby || replica.lag.age_ms(loop_.now_ms()).has_value();
  if (read == replica.told_read && (read || replica.told_why || !known)) return;
  if (read) {
    events_.info("replica is read", {{"server", replica.pool->name()}});
  } else {
    const std::string_view why = !replica.pool->up() ? "it is away"
                                 : !replica.standby  ? "it is no standby"
                                                     : "it may lag by more than replica_max_lag";
    events_.warning("replica is not read", {{"server", replica.pool->name()}, {"why", why}});
  }
  replica.told_read = read;
  replica.told_why = !read;
}

// ---- reads ----------------------------------------------------------------------------------------------------------

bool PgReplicas::may_be_read(const Replica& replica) const {
  if (!replica.pool->up()) return false;
  if (options_.max_lag_ms == 0) return true;
  const auto age_ms = replica.lag.age_ms(loop_.now_ms());
  return replica.standby && age_ms && *age_ms <= options_.max_lag_ms;
}

bool PgReplicas::has(const Replica& replica, int64_t since_ms) const {
  if (options_.max_lag_ms == 0) return since_ms < loop_.now_ms() - kAssumedLagMs;
  return replica.lag.proven_ms().value_or(INT64_MIN) > since_ms;
}

PgPool* PgReplicas::next(int64_t since_ms) {
  for (size_t i = 0; i < replicas_.size(); ++i) {
    const Replica& replica = *replicas_[next_++ % replicas_.size()];
    if (!may_be_read(replica) || !has(replica, since_ms)) continue;
    ++reads_;
    return replica.pool.get();
  }
  if (!replicas_.empty()) ++refused_;
  return nullptr;
}

ReplicaStats PgReplicas::stats() const {
  ReplicaStats stats{.reads = reads_, .to_primary = refused_, .replicas = replicas_.size()};
  for (const auto& replica : replicas_) {
    if (!may_be_read(*replica)) continue;
    ++stats.in_use;
    stats.oldest_ms = std::max(stats.oldest_ms, replica->lag.age_ms(loop_.now_ms()).value_or(0));
  }
  return stats;
}

}  // namespace roost::api
