#include "api/db/sqlite/sqlite_like_store.h"

#include <iterator>

#include <fmt/format.h>

#include "common/base/clock.h"

namespace roost::api {

Result<std::unique_ptr<SqliteLikeStore>> SqliteLikeStore::open(const std::string& path, AccessObserver* observer,
                                                               observe::EventLog& events) {
  auto connection = SqliteConnection::open(path, SqliteConnection::Mode::write, observer);
  if (!connection) return tl::unexpected<Error>(connection.error());
  return std::unique_ptr<SqliteLikeStore>(new SqliteLikeStore(std::move(*connection), events));
}

Result<std::optional<batcher::StoreId>> SqliteLikeStore::identity() {
  const auto raw = connection_->prepare("SELECT identity FROM database_identity");
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  const auto row = statement.step();
  if (!row) return tl::unexpected<Error>(row.error());
  return read_identity(*row ? statement.text(0) : "");
}

Result<bool> SqliteLikeStore::move_fence(const std::string& journal, uint64_t sequence) {
  AccessScope access(connection_->observer(), sequence == 1 ? "INSERT" : "UPDATE", "like_journals", "");
  const auto raw = connection_->prepare(
      sequence == 1 ? "INSERT INTO like_journals(journal, applied_seq) VALUES(?1, ?2) ON CONFLICT DO NOTHING"
                    : "UPDATE like_journals SET applied_seq = ?2 WHERE journal = ?1 AND applied_seq = ?2 - 1");
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  auto ran = statement.bind(1, journal).bind(2, static_cast<int64_t>(sequence)).run();
  if (!ran) return tl::unexpected<Error>(ran.error());
  access.set_rows(connection_->changes());
  return connection_->changes() == 1;
}

/// Unix milliseconds, from the Julian day.
Result<int64_t> SqliteLikeStore::now_ms() {
  const int64_t monotonic_ms = SystemClock().monotonic_ms();
  if (token_clock_.known()) return token_clock_.now_ms(monotonic_ms);
  const auto raw = connection_->prepare(
      "SELECT max(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), "
      "coalesce((SELECT max(applied_at_ms) FROM like_names), 0))");
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  const auto row = statement.step();
  if (!row) return tl::unexpected<Error>(row.error());
  token_clock_.begin(statement.integer(0), monotonic_ms);
  return token_clock_.now_ms(monotonic_ms);
}

/// Stores the batch's tokens; its deltas less one for each token that was there.
Result<std::vector<batcher::KeyDelta>> SqliteLikeStore::without_repeats(const batcher::Batch& batch) {
  const auto now = now_ms();
  if (!now) return tl::unexpected<Error>(now.error());
  if (auto pruned = prune_tokens(*now); !pruned) return tl::unexpected<Error>(pruned.error());
  AccessScope access(connection_->observer(), "INSERT", "like_names", "");
  const auto raw = connection_->prepare(
      "INSERT INTO like_names(high, low, applied_at_ms) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING");
  if (!raw) return tl::unexpected<Error>(raw.error());
  std::vector<batcher::KeyDelta> left = batch.deltas;
  auto delta = left.begin();
  int64_t fresh = 0;
  for (const auto& [key, token] : batch.tokens) {
    auto ran = Statement(*raw)
                   .bind(1, static_cast<int64_t>(token.high))
                   .bind(2, static_cast<int64_t>(token.low))
                   .bind(3, *now)
                   .run();
    if (!ran) return tl::unexpected<Error>(ran.error());
    const bool is_fresh = connection_->changes() == 1;
    if (is_fresh) ++fresh;
    while (delta != left.end() && delta->key < key) ++delta;
    if (!is_fresh && delta != left.end() && delta->key == key) --delta->delta;
  }
  access.set_rows(fresh);
  return left;
}

/// A bounded number at a time, since the write lock is held meanwhile.
Result<void> SqliteLikeStore::prune_tokens(int64_t now_ms) {
  if (now_ms < pruned_at_ms_ + kPruneIntervalMs) return {};
  AccessScope access(connection_->observer(), "DELETE", "like_names", "");
  const auto raw = connection_->prepare(
      "DELETE FROM like_names WHERE (high, low) IN "
      "(SELECT high, low FROM like_names WHERE applied_at_ms < ?1 ORDER BY applied_at_ms LIMIT ?2)");
  if (!raw) return tl::unexpected<Error>(raw.error());
  auto ran = Statement(*raw).bind(1, now_ms - kTokenMemoryMs).bind(2, kMaxPruned).run();
  if (!ran) return ran;
  access.set_rows(connection_->changes());
  if (connection_->changes() < kMaxPruned) pruned_at_ms_ = now_ms;
  return {};
}

Result<void> SqliteLikeStore::add_deltas(const std::vector<batcher::KeyDelta>& deltas) {
  AccessScope access(connection_->observer(), "UPDATE", "tweets", "");
  // One statement however many tweets: {"7":12,"9":1}.
  fmt::memory_buffer json;
  for (const batcher::KeyDelta& delta : deltas)
    fmt::format_to(std::back_inserter(json), "{}\"{}\":{}", json.size() == 0 ? "{" : ",", delta.key, delta.delta);
  json.push_back('}');
  const auto raw = connection_->prepare(
      "UPDATE tweets SET likes = tweets.likes + d.added "
      "FROM (SELECT CAST(key AS INTEGER) AS tweet_id, value AS added FROM json_each(?1)) AS d "
      "WHERE tweets.id = d.tweet_id");
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  auto ran = statement.bind(1, std::string_view(json.data(), json.size())).run();
  access.set_rows(ran ? connection_->changes() : 0);
  return ran;
}

batcher::Outcome SqliteLikeStore::apply(const batcher::JournalId& journal, const batcher::Batch& batch) {
  bool fenced = false;
  auto written = connection_->write([&]() -> Result<void> {
    const auto moved = move_fence(journal.hex(), batch.sequence);
    if (!moved) return tl::unexpected<Error>(moved.error());
    if (!*moved) {
      fenced = true;
      return fail("another sequence is stored");
    }
    if (batch.deltas.empty()) return {};
    if (batch.tokens.empty()) return add_deltas(batch.deltas);
    const auto left = without_repeats(batch);
    return left ? add_deltas(*left) : Result<void>(tl::unexpected<Error>(left.error()));
  });
  if (written) return batcher::Outcome::applied;
  const bool open = fenced || connection_->commit_unknown();
  return failed(open ? batcher::Outcome::unknown : batcher::Outcome::not_applied, journal, batch, written.error().what);
}

Result<uint64_t> SqliteLikeStore::applied_seq(const batcher::JournalId& journal) {
  AccessScope access(connection_->observer(), "SELECT", "like_journals", "");
  const auto raw = connection_->prepare("SELECT applied_seq FROM like_journals WHERE journal = ?1");
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  const auto row = statement.bind(1, journal.hex()).step();
  if (!row) return tl::unexpected<Error>(row.error());
  access.set_rows(*row ? 1 : 0);
  return *row ? static_cast<uint64_t>(statement.integer(0)) : 0;
}

Result<void> SqliteLikeStore::forget(const batcher::JournalId& journal) {
  return connection_->write([&]() -> Result<void> {
    AccessScope access(connection_->observer(), "DELETE", "like_journals", "");
    const auto raw = connection_->prepare("DELETE FROM like_journals WHERE journal = ?1");
    if (!raw) return tl::unexpected<Error>(raw.error());
    Statement statement(*raw);
    auto ran = statement.bind(1, journal.hex()).run();
    access.set_rows(ran ? connection_->changes() : 0);
    return ran;
  });
}

}  // namespace roost::api
