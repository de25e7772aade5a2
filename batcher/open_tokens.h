#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "batcher/sink.h"

namespace roost::batcher {

/// The tokens of likes that are in no batch yet: by key, in the order in which they came. Not thread-safe.
class OpenTokens {
 public:
  void add(const std::vector<TokenedLike>& likes);
  /// Gives the batch the tokens of the likes that it has, `max_tokens` (at least 1) at most: likes whose token does not
  /// go in are taken out of it again. The deltas are those of all open likes of their keys, and sorted. Changes nothing
  /// here.
  void attach_to(Batch& batch, size_t max_tokens) const;
  /// The likes of a batch are not open any more. False, with some of them gone, when they are not what attach_to()
  /// could have given.
  bool take(const std::vector<TokenedLike>& likes);

  size_t size() const { return size_; }
  /// All of them, sorted by key.
  std::vector<TokenedLike> list() const;

 private:
  std::unordered_map<int64_t, std::vector<LikeToken>> by_key_;
  size_t size_ = 0;
};

}  // namespace roost::batcher
