#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/db/like_store.h"
#include "api/db/sqlite/sqlite_connection.h"
#include "api/db/token_clock.h"

namespace roost::api {

/// The batcher's sink on SQLite, over a connection of its own.
class SqliteLikeStore final : public LikeStore {
 public:
  /// `observer` may be null; it and `events` outlive the store.
  static Result<std::unique_ptr<SqliteLikeStore>> open(const std::string& path, AccessObserver* observer,
                                                       observe::EventLog& events);

  Result<std::optional<batcher::StoreId>> identity() override;
  batcher::Outcome apply(const batcher::JournalId& journal, const batcher::Batch& batch) override;
  Result<uint64_t> applied_seq(const batcher::JournalId& journal) override;
  Result<void> forget(const batcher::JournalId& journal) override;

 private:
  SqliteLikeStore(std::unique_ptr<SqliteConnection> connection, observe::EventLog& events)
      : LikeStore(events), connection_(std::move(connection)) {}
  Result<bool> move_fence(const std::string& journal, uint64_t sequence);
  Result<void> add_deltas(const std::vector<batcher::KeyDelta>& deltas);
  Result<std::vector<batcher::KeyDelta>> without_repeats(const batcher::Batch& batch);
  Result<void> prune_tokens(int64_t now_ms);
  Result<int64_t> now_ms();

  std::unique_ptr<SqliteConnection> connection_;
  TokenClock token_clock_;
  int64_t pruned_at_ms_ = 0;  ///< By token_clock_.
};

}  // namespace roost::api
