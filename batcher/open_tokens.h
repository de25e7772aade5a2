#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "batcher/sink.h"

namespace roost::batcher {

/// Tokens of the likes that are in no batch yet, by key and in order of arrival. Not thread-safe.
class OpenTokens {
 public:
  void add(const std::vector<TokenedLike>& likes);
  /// Adds to `batch` the tokens of its likes, at most `max_tokens` (at least 1), and subtracts the likes whose token
  /// does not fit from its deltas. The deltas must be sorted and hold all open likes of their keys.
  void attach_to(Batch& batch, size_t max_tokens) const;
  /// Removes the tokens of a batch. False, with some of them removed, if they are not what attach_to() would have
  /// selected.
  bool take(const std::vector<TokenedLike>& likes);

  size_t size() const { return size_; }
  /// All tokens, sorted by key.
  std::vector<TokenedLike> list() const;

 private:
  std::unordered_map<int64_t, std::vector<LikeToken>> by_key_;
  size_t size_ = 0;
};

}  // namespace roost::batcher
