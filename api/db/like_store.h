#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "common/base/result.h"

namespace roost::api {

/// Likes to be added to one tweet.
struct LikeDelta {
  int64_t tweet_id = 0;
  int64_t likes = 0;
};

/// One of the likes to be added that is not to be added if it was before: 128 bits that name it.
struct LikeOnce {
  int64_t tweet_id = 0;
  int64_t high = 0;
  int64_t low = 0;
};

/// What is known after an attempt to apply a batch of likes.
enum class ApplyOutcome : uint8_t { applied, not_applied, unknown };

struct ApplyAnswer {
  ApplyOutcome outcome = ApplyOutcome::unknown;
  std::string why;  ///< what went wrong, for the log; empty when applied
};

/// Where batches of likes are applied, exactly once each. Apart from Database because it is called on a thread of the
/// caller that may block, and must go on while the loop that Database answers on has ended already. One thread at a
/// time; each call ends within a few seconds.
class LikeStore {
 public:
  static constexpr int64_t kRememberMs = 3'600'000;  ///< by the database's clock
  static constexpr int64_t kForgetEveryMs = 60'000;  ///< how often names that are older are looked for
  static constexpr int64_t kForgetAtOnce = 20'000;   ///< the most of them that one statement removes

  virtual ~LikeStore() = default;
  /// One transaction: moves the journal's applied sequence from sequence-1 to `sequence` (a missing row counts as 0)
  /// and adds the deltas, sorted by tweet. Tweets that are gone are passed over. When the stored sequence is another
  /// one nothing is changed and the outcome is `unknown`.
  ///
  /// `once`, sorted by tweet, are those of the likes in `deltas` that have a name: each that was applied before, or
  /// stands in it twice, is taken off its tweet's delta. A name is remembered for kRememberMs at least.
  virtual ApplyAnswer apply(const std::string& journal, uint64_t sequence, std::span<const LikeDelta> deltas,
                            std::span<const LikeOnce> once) = 0;
  /// 0 for a journal that is not known. No attempt to apply made before can still commit once this has answered.
  virtual Result<uint64_t> applied_seq(const std::string& journal) = 0;
  /// The journal is no more.
  virtual Result<void> forget(const std::string& journal) = 0;
};

}  // namespace roost::api
