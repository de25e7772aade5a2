#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace roost::api {

/// How old a replica may be, proven by positions in the primary's log of changes: whoever has replayed position p has
/// everything that was committed before the primary was asked for it and answered p. No clock is compared with that of
/// another host, a primary without writes does not make its replica look old, and a replica that gets nothing any more
/// grows old whatever it says of itself. Times are of one monotonic clock, in milliseconds. Not thread-safe.
class ReplicaLag {
 public:
  /// Answers of the primary that are kept while the replica has not reached them; when there are more, the newest takes
  /// the place of the one before it, which makes the age larger, never smaller.
  static constexpr size_t kMaxSamples = 64;

  /// The primary was asked at `asked_ms` and answered this position. One before the last is that of another primary,
  /// and what the former said is forgotten.
  void primary_at(int64_t position, int64_t asked_ms);
  /// The replica has replayed everything before this position; 0 for a server that is no replica.
  void replica_at(int64_t position);
  /// Everything committed before this moment is in the replica; nothing while that is proven of none.
  std::optional<int64_t> proven_ms() const { return proven_ms_; }
  /// How long ago that was.
  std::optional<int64_t> age_ms(int64_t now_ms) const;

 private:
  struct Sample {
    int64_t position;
    int64_t asked_ms;
  };
  std::deque<Sample> ahead_;  ///< not reached by the replica; positions and times do not decrease
  std::optional<int64_t> proven_ms_;
};

}  // namespace roost::api
