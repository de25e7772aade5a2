#include "api/db/sqlite_like_store.h"

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

ApplyAnswer SqliteLikeStore::apply(const std::string& journal, uint64_t sequence, std::span<const LikeDelta> deltas) {
  bool fenced = false;
  auto written = connection_->write([&]() -> Result<void> {
    const auto moved = move_fence(journal, sequence);
    if (!moved) return tl::unexpected<Error>(moved.error());
    if (!*moved) {
      fenced = true;
      return fail("another sequence is stored");
    }
    return deltas.empty() ? Result<void>() : add_deltas(deltas);
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
