#include "api/db/sqlite/sqlite_like_store.h"

#include <iterator>

#include <fmt/format.h>

namespace roost::api {

Result<std::unique_ptr<SqliteLikeStore>> SqliteLikeStore::open(const std::string& path, AccessObserver* observer) {
  auto connection = SqliteConnection::open(path, SqliteConnection::Mode::write, observer);
  if (!connection) return tl::unexpected<Error>(connection.error());
  return std::unique_ptr<SqliteLikeStore>(new SqliteLikeStore(std::move(*connection)));
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

/// Milliseconds of Unix time, by way of the Julian day.
Result<int64_t> SqliteLikeStore::now_ms() {
  const auto raw = connection_->prepare("SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)");
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  const auto row = statement.step();
  if (!row) return tl::unexpected<Error>(row.error());
  return statement.integer(0);
}

Result<std::vector<LikeDelta>> SqliteLikeStore::without_repeats(std::span<const LikeDelta> deltas,
                                                                std::span<const LikeOnce> once) {
  const auto now = now_ms();
  if (!now) return tl::unexpected<Error>(now.error());
  if (auto forgotten = forget_old_names(*now); !forgotten) return tl::unexpected<Error>(forgotten.error());
  AccessScope access(connection_->observer(), "INSERT", "like_names", "");
  const auto raw = connection_->prepare(
      "INSERT INTO like_names(high, low, applied_at_ms) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING");
  if (!raw) return tl::unexpected<Error>(raw.error());
  std::vector<LikeDelta> left(deltas.begin(), deltas.end());
  auto delta = left.begin();
  int64_t fresh = 0;
  for (const LikeOnce& like : once) {
    auto ran = Statement(*raw).bind(1, like.high).bind(2, like.low).bind(3, *now).run();
    if (!ran) return tl::unexpected<Error>(ran.error());
    const bool is_fresh = connection_->changes() == 1;
    if (is_fresh) ++fresh;
    while (delta != left.end() && delta->tweet_id < like.tweet_id) ++delta;
    if (!is_fresh && delta != left.end() && delta->tweet_id == like.tweet_id) --delta->likes;
  }
  access.set_rows(fresh);
  return left;
}

/// A few at a time, since the write lock is held meanwhile.
Result<void> SqliteLikeStore::forget_old_names(int64_t now_ms) {
  if (now_ms < names_forgotten_at_ms_ + kForgetEveryMs) return {};
  AccessScope access(connection_->observer(), "DELETE", "like_names", "");
  const auto raw = connection_->prepare(
      "DELETE FROM like_names WHERE (high, low) IN "
      "(SELECT high, low FROM like_names WHERE applied_at_ms < ?1 ORDER BY applied_at_ms LIMIT ?2)");
  if (!raw) return tl::unexpected<Error>(raw.error());
  auto ran = Statement(*raw).bind(1, now_ms - kRememberMs).bind(2, kForgetAtOnce).run();
  if (!ran) return ran;
  access.set_rows(connection_->changes());
  if (connection_->changes() < kForgetAtOnce) names_forgotten_at_ms_ = now_ms;
  return {};
}

Result<void> SqliteLikeStore::add_deltas(std::span<const LikeDelta> deltas) {
  AccessScope access(connection_->observer(), "UPDATE", "tweets", "");
  // One statement however many tweets: {"7":12,"9":1}.
  fmt::memory_buffer json;
  for (const LikeDelta& delta : deltas)
    fmt::format_to(std::back_inserter(json), "{}\"{}\":{}", json.size() == 0 ? "{" : ",", delta.tweet_id, delta.likes);
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

ApplyAnswer SqliteLikeStore::apply(const std::string& journal, uint64_t sequence, std::span<const LikeDelta> deltas,
                                   std::span<const LikeOnce> once) {
  bool fenced = false;
  auto written = connection_->write([&]() -> Result<void> {
    const auto moved = move_fence(journal, sequence);
    if (!moved) return tl::unexpected<Error>(moved.error());
    if (!*moved) {
      fenced = true;
      return fail("another sequence is stored");
    }
    if (deltas.empty()) return {};
    if (once.empty()) return add_deltas(deltas);
    const auto left = without_repeats(deltas, once);
    return left ? add_deltas(*left) : Result<void>(tl::unexpected<Error>(left.error()));
  });
  if (written) return {ApplyOutcome::applied, ""};
  const bool open = fenced || connection_->commit_unknown();
  return {open ? ApplyOutcome::unknown : ApplyOutcome::not_applied, std::move(written.error().what)};
}

Result<uint64_t> SqliteLikeStore::applied_seq(const std::string& journal) {
  AccessScope access(connection_->observer(), "SELECT", "like_journals", "");
  const auto raw = connection_->prepare("SELECT applied_seq FROM like_journals WHERE journal = ?1");
  if (!raw) return tl::unexpected<Error>(raw.error());
  Statement statement(*raw);
  const auto row = statement.bind(1, journal).step();
  if (!row) return tl::unexpected<Error>(row.error());
  access.set_rows(*row ? 1 : 0);
  return *row ? static_cast<uint64_t>(statement.integer(0)) : 0;
}

Result<void> SqliteLikeStore::forget(const std::string& journal) {
  return connection_->write([&]() -> Result<void> {
    AccessScope access(connection_->observer(), "DELETE", "like_journals", "");
    const auto raw = connection_->prepare("DELETE FROM like_journals WHERE journal = ?1");
    if (!raw) return tl::unexpected<Error>(raw.error());
    Statement statement(*raw);
    auto ran = statement.bind(1, journal).run();
    access.set_rows(ran ? connection_->changes() : 0);
    return ran;
  });
}

}  // namespace roost::api
