#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/db/like_store.h"
#include "api/db/sqlite/sqlite_connection.h"

namespace roost::api {

/// LikeStore over a connection of its own.
class SqliteLikeStore final : public LikeStore {
 public:
  static Result<std::unique_ptr<SqliteLikeStore>> open(const std::string& path, AccessObserver* observer);

  ApplyAnswer apply(const std::string& journal, uint64_t sequence, std::span<const LikeDelta> deltas,
                    std::span<const LikeOnce> once) override;
  Result<uint64_t> applied_seq(const std::string& journal) override;
  Result<void> forget(const std::string& journal) override;

 private:
  explicit SqliteLikeStore(std::unique_ptr<SqliteConnection> connection) : connection_(std::move(connection)) {}
  Result<bool> move_fence(const std::string& journal, uint64_t sequence);
  Result<void> add_deltas(std::span<const LikeDelta> deltas);
  Result<std::vector<LikeDelta>> without_repeats(std::span<const LikeDelta> deltas, std::span<const LikeOnce> once);
  Result<void> forget_old_names(int64_t now_ms);
  Result<int64_t> now_ms();

  std::unique_ptr<SqliteConnection> connection_;
  int64_t names_forgotten_at_ms_ = 0;  ///< by the database's clock
};

}  // namespace roost::api
