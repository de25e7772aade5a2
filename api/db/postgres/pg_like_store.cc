#include "api/db/postgres/pg_like_store.h"

#include <random>
#include <vector>

#include <fmt/core.h>

#include "common/base/clock.h"

namespace roost::api {
namespace {

// $1 journal, $2 token.
constexpr PgStatement kTakeOver{
    "INSERT INTO like_journals(journal, applied_seq, token) VALUES($1, 0, $2) "
    "ON CONFLICT (journal) DO UPDATE SET token = EXCLUDED.token RETURNING applied_seq"};

// $1 journal, $2 sequence, $3 token, $4 ids of tweets, sorted, $5 their likes. The fence is the first thing that is
// done, and the tweets' locks are taken in the order of their ids, as by everybody else.
constexpr PgStatement kApply{
    "WITH fence AS ("
    "  UPDATE like_journals SET applied_seq = $2 WHERE journal = $1 AND applied_seq = $2 - 1 AND token = $3 RETURNING 1"
    "), locked AS MATERIALIZED ("
    "  SELECT t.id, d.likes FROM unnest($4::bigint[], $5::bigint[]) AS d(id, likes) JOIN tweets t ON t.id = d.id"
    "  WHERE EXISTS (SELECT 1 FROM fence) ORDER BY t.id FOR NO KEY UPDATE OF t"
    "), added AS ("
    "  UPDATE tweets SET likes = tweets.likes + locked.likes FROM locked WHERE tweets.id = locked.id RETURNING 1"
    ") SELECT (SELECT count(*) FROM fence), (SELECT count(*) FROM added)"};

// As kApply, with $6 ids of tweets, $7 and $8 names of likes to be added once, $9 the time. A name that another
// transaction is just writing is waited for: it is known if that commits, else it is new.
constexpr PgStatement kApplyOnce{
    "WITH fence AS ("
    "  UPDATE like_journals SET applied_seq = $2 WHERE journal = $1 AND applied_seq = $2 - 1 AND token = $3 RETURNING 1"
    "), given AS ("
    "  SELECT id, high, low, count(*) AS times FROM unnest($6::bigint[], $7::bigint[], $8::bigint[]) AS g(id, high, "
    "low)"
    "  GROUP BY id, high, low"
    "), fresh AS ("
    "  INSERT INTO like_names(high, low, applied_at_ms)"
    "  SELECT DISTINCT high, low, $9::bigint FROM given"
    "  WHERE EXISTS (SELECT 1 FROM fence) ORDER BY high, low ON CONFLICT DO NOTHING RETURNING high, low"
    "), repeats AS ("
    "  SELECT g.id, (sum(g.times) - count(f.high))::bigint AS times FROM given g LEFT JOIN fresh f USING (high, low)"
    "  GROUP BY g.id"
    "), locked AS MATERIALIZED ("
    "  SELECT t.id, d.likes - coalesce(r.times, 0) AS likes FROM unnest($4::bigint[], $5::bigint[]) AS d(id, likes)"
    "  JOIN tweets t ON t.id = d.id LEFT JOIN repeats r ON r.id = d.id"
    "  WHERE EXISTS (SELECT 1 FROM fence) ORDER BY t.id FOR NO KEY UPDATE OF t"
    "), added AS ("
    "  UPDATE tweets SET likes = tweets.likes + locked.likes FROM locked WHERE tweets.id = locked.id RETURNING 1"
    ") SELECT (SELECT count(*) FROM fence), (SELECT count(*) FROM added)"};

// $1 from before when, $2 how many. What somebody else removes already is left to him.
constexpr PgStatement kPruneTokens{
    "WITH gone AS (DELETE FROM like_names WHERE ctid = ANY(ARRAY("
    "  SELECT ctid FROM like_names WHERE applied_at_ms < $1"
    "  ORDER BY applied_at_ms LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1) SELECT count(*) FROM gone"};

constexpr PgStatement kIdentity{"SELECT identity FROM database_identity"};

// Where token_clock_ begins.
constexpr PgStatement kTokenTime{
    "SELECT greatest((extract(epoch FROM clock_timestamp()) * 1000)::bigint,"
    "                (SELECT max(applied_at_ms) FROM like_names))"};

constexpr PgStatement kForget{"DELETE FROM like_journals WHERE journal = $1"};

// $1 names of sessions. Only a role's own sessions can be ended by it; the others are not ours anyway.
constexpr PgStatement kEndSessions{
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE application_name = ANY($1) AND usename = current_user AND pid <> pg_backend_pid()"};

constexpr size_t kMaxLostSessions = 16;

int64_t random_token() {
  std::random_device device;
  return static_cast<int64_t>((uint64_t{device()} << 32 | device()) >> 1);
}

}  // namespace

PgLikeStore::PgLikeStore(PgTarget target, const PgSession::Limits& limits, AccessObserver* observer,
                         observe::EventLog& events)
    : LikeStore(events), target_(std::move(target)), limits_(limits), observer_(observer) {}

PgResult<PgSession*> PgLikeStore::session() {
  if (session_ && session_->usable()) return session_.get();
  session_.reset();
  limits_.name = fmt::format("roost-api likes {:016x}", random_token());
  auto connected = PgSession::connect(target_, limits_);
  if (!connected) {
    ++limits_.first_host;
    return tl::unexpected<PgFailure>(std::move(connected.error()));
  }
  session_ = std::move(*connected);
  end_lost_sessions();
  return session_.get();
}

void PgLikeStore::end_lost_sessions() {
  if (lost_sessions_.empty() || !limits_.session) return;
  PgParams params;
  // Where this fails they end by their time-outs, or by the next who connects.
  if (session_->run(kEndSessions, params.add(lost_sessions_))) lost_sessions_.clear();
}

PgResult<PgRows> PgLikeStore::run(const PgStatement& statement, const PgParams& params) {
  const auto connected = session();
  if (!connected) return tl::unexpected<PgFailure>(connected.error());
  auto result = (*connected)->run(statement, params);
  if (!result && result.error().connection_bad) {
    session_.reset();
    if (lost_sessions_.size() < kMaxLostSessions) lost_sessions_.push_back(limits_.name);
  }
  return result;
}

PgResult<uint64_t> PgLikeStore::take_over(const std::string& journal) {
  AccessScope access(observer_, "INSERT", "like_journals", "");
  const int64_t token = random_token();
  PgParams params;
  auto taken = run(kTakeOver, params.add(journal).add(token));
  if (!taken) return tl::unexpected<PgFailure>(std::move(taken.error()));
  access.set_rows(1);
  tokens_[journal] = token;
  return static_cast<uint64_t>(taken->integer(0, 0));
}

PgResult<PgRows> PgLikeStore::send(const std::string& journal, const batcher::Batch& batch, int64_t token_time_ms) {
  std::vector<int64_t> ids;
  std::vector<int64_t> likes;
  for (const batcher::KeyDelta& delta : batch.deltas) {
    ids.push_back(delta.key);
    likes.push_back(delta.delta);
  }
  PgParams params;
  params.add(journal).add(static_cast<int64_t>(batch.sequence)).add(tokens_[journal]);
  params.add(std::span<const int64_t>(ids)).add(std::span<const int64_t>(likes));
  if (batch.tokens.empty()) return run(kApply, params);
  std::vector<int64_t> keys;
  std::vector<int64_t> high;
  std::vector<int64_t> low;
  for (const auto& [key, token] : batch.tokens) {
    keys.push_back(key);
    high.push_back(static_cast<int64_t>(token.high));
    low.push_back(static_cast<int64_t>(token.low));
  }
  params.add(std::span<const int64_t>(keys)).add(std::span<const int64_t>(high)).add(std::span<const int64_t>(low));
  params.add(token_time_ms);
  return run(kApplyOnce, params);
}

Result<std::optional<batcher::StoreId>> PgLikeStore::identity() {
  const auto rows = run(kIdentity, PgParams());
  if (!rows) return tl::unexpected<Error>(error_of(rows.error()));
  return read_identity(rows->count() > 0 ? rows->text(0, 0) : "");
}

batcher::Outcome PgLikeStore::apply(const batcher::JournalId& journal, const batcher::Batch& batch) {
  using batcher::Outcome;
  const std::string name = journal.hex();
  if (!tokens_.contains(name)) {
    if (auto taken = take_over(name); !taken) return failed(Outcome::not_applied, journal, batch, taken.error().what);
  }
  int64_t token_time_ms = 0;
  if (!batch.tokens.empty()) {
    const auto now_ms = read_token_time();
    if (!now_ms) return failed(Outcome::not_applied, journal, batch, now_ms.error().what);
    token_time_ms = *now_ms;
    prune_tokens(token_time_ms);
  }
  // Nothing has been sent while there is no connection.
  if (const auto connected = session(); !connected) {
    return failed(Outcome::not_applied, journal, batch, connected.error().what);
  }
  AccessScope access(observer_, "UPDATE", "tweets", "");
  auto result = send(name, batch, token_time_ms);
  if (!result) {
    const bool open = result.error().verdict == PgVerdict::unknown;
    return failed(open ? Outcome::unknown : Outcome::not_applied, journal, batch, result.error().what);
  }
  if (result->integer(0, 0) == 0) {
    return failed(Outcome::unknown, journal, batch, "another sequence or another owner is stored");
  }
  access.set_rows(result->integer(0, 1));
  return Outcome::applied;
}

PgResult<int64_t> PgLikeStore::read_token_time() {
  const int64_t monotonic_ms = SystemClock().monotonic_ms();
  if (!token_clock_.known()) {
    const auto time = run(kTokenTime, {});
    if (!time) return tl::unexpected(time.error());
    token_clock_.begin(time->integer(0, 0), monotonic_ms);
  }
  return token_clock_.now_ms(monotonic_ms);
}

/// Best effort: what fails is done by the next call.
void PgLikeStore::prune_tokens(int64_t now_ms) {
  if (now_ms < pruned_at_ms_ + kPruneIntervalMs) return;
  AccessScope access(observer_, "DELETE", "like_names", "");
  PgParams params;
  const auto done = run(kPruneTokens, params.add(now_ms - kTokenMemoryMs).add(kMaxPruned));
  if (!done) return;
  access.set_rows(done->integer(0, 0));
  if (done->integer(0, 0) < kMaxPruned) pruned_at_ms_ = now_ms;
}

Result<uint64_t> PgLikeStore::applied_seq(const batcher::JournalId& journal) {
  auto taken = take_over(journal.hex());
  if (!taken) return tl::unexpected<Error>(error_of(taken.error()));
  return *taken;
}

Result<void> PgLikeStore::forget(const batcher::JournalId& journal) {
  AccessScope access(observer_, "DELETE", "like_journals", "");
  PgParams params;
  const std::string name = journal.hex();
  auto forgotten = run(kForget, params.add(name));
  if (!forgotten) return tl::unexpected<Error>(error_of(forgotten.error()));
  tokens_.erase(name);
  return {};
}

}  // namespace roost::api
