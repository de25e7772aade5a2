#pragma once

#include <memory>
#include <string>

#include "api/db/like_store.h"
#include "api/db/sqlite_connection.h"

namespace roost::api {

/// LikeStore over a connection of its own.
class SqliteLikeStore final : public LikeStore {
 public:
  static Result<std::unique_ptr<SqliteLikeStore>> open(const std::string& path, AccessObserver* observer);

  ApplyAnswer apply(const std::string& journal, uint64_t sequence, std::span<const LikeDelta> deltas) override;
  Result<uint64_t> applied_seq(const std::string& journal) override;
  Result<void> forget(const std::string& journal) override;

 private:
  explicit SqliteLikeStore(std::unique_ptr<SqliteConnection> connection) : connection_(std::move(connection)) {}
  Result<bool> move_fence(const std::string& journal, uint64_t sequence);
  Result<void> add_deltas(std::span<const LikeDelta> deltas);

  std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace roost::api
