#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "batcher/answers.h"
#include "batcher/key_counts.h"
#include "batcher/like_ledger.h"
#include "batcher/options.h"

namespace roost::batcher {

/// Likes that become durable together: folded by key, with the callers that wait for them.
struct LikeGroup {
  struct Waiting {
    int64_t key;
    Done done;
  };
  KeyCounts likes;
  std::vector<TokenedLike> tokens;  ///< Of the likes that have one.
  std::vector<Waiting> waiting;     ///< In order of arrival.
  int64_t first_unix_ms = 0;        ///< When the first one arrived.

  /// Keeps the memory.
  void clear() {
    likes.clear();
    tokens.clear();
    waiting.clear();
  }
};

/// Admission control: accepts likes, or refuses them at a limit, and collects them until the commit thread takes the
/// group. At most one group is being committed while the next one is collected. Not thread-safe; LikeLog's mutex
/// protects it.
class LikeIntake {
 public:
  explicit LikeIntake(const Options& options) : options_(options) {}

  /// A retryable error if one more like of `key` exceeds a limit; `ledger` holds the likes that are durable already.
  Result<void> admit(int64_t key, bool has_token, const LikeLedger& ledger, int64_t now_ms);
  /// After admit().
  void add(int64_t key, int64_t delta, const LikeToken* token, Done&& done, int64_t unix_ms);

  /// Refuses likes while the sink's store is not known: a journal must name it.
  void await_store(bool awaited) { store_awaited_ = awaited; }
  /// Refuses every like from now on.
  void close() { closed_ = true; }
  bool closed() const { return closed_; }
  /// Refuses likes with `error` until `until_ms`; no error ends it.
  void refuse_until(std::optional<Error> error, int64_t until_ms);
  /// False while closed, the store is awaited, or the journal cannot be written.
  bool accepting() const { return !closed_ && !store_awaited_ && !disk_error_; }

  /// Likes have been collected for the next group.
  bool has_group() const { return !gathering_.waiting.empty(); }
  /// Exchanges the group, possibly an empty one, for `spare`, which is empty. Its likes count toward the limits until
  /// group_committed().
  void take_group(LikeGroup& spare);
  void group_committed() { committing_keys_ = committing_tokens_ = 0; }
  /// No like waits for its group commit.
  bool idle() const { return !has_group() && committing_keys_ == 0; }

 private:
  const Options& options_;
  LikeGroup gathering_;
  size_t committing_keys_ = 0;    ///< Keys of the group being committed.
  size_t committing_tokens_ = 0;  ///< Tokens of the same group.
  bool closed_ = false;
  bool store_awaited_ = false;
  std::optional<Error> disk_error_;
  int64_t refuse_until_ms_ = 0;
};

}  // namespace roost::batcher
