#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

#include "common/base/rate_limit.h"

namespace roost::api {

/// A bounded table of times by key. Keys are kept as seeded hashes: those with equal hashes share an entry, and
/// collisions cannot be provoked. One thread.
class KeyTimes {
 public:
  /// Beyond it the keys with the earliest times are forgotten.
  static constexpr size_t kMaxKeys = 65'536;

  KeyTimes();
  /// The time of a key, to be set; 0 for a new one. Times up to `now_ms` may be forgotten.
  int64_t& at(std::string_view key, int64_t now_ms);
  /// Null when there is none. The same for a key that was forgotten.
  int64_t* find(std::string_view key);
  size_t size() const { return times_ms_.size(); }

 private:
  uint64_t hash(std::string_view key) const;
  void forget_some(int64_t now_ms);

  const uint64_t seed_;
  std::unordered_map<uint64_t, int64_t> times_ms_;
};

/// Rate limit per key (an account, an address): a burst of `attempts`, refilled at one per `window_ms / attempts`. Time
/// is passed in, monotonic. One thread.
class AttemptLimit {
 public:
  /// `attempts` 0: no limit, nothing is kept.
  AttemptLimit(int64_t attempts, int64_t window_ms);

  /// Counts an attempt and returns 0; or counts nothing and returns the milliseconds until one is allowed.
  int64_t attempt(std::string_view key, int64_t now_ms);
  /// Counts an attempt even beyond the burst, there at most `most` of them; returns by how many it is exceeded.
  int64_t excess(std::string_view key, int64_t most, int64_t now_ms);
  /// Takes back an attempt that succeeded.
  void forgive(std::string_view key);
  size_t keys() const { return full_at_ms_.size(); }

 private:
  const RateLimit limit_;  ///< in ms; burst 0: no limit
  KeyTimes full_at_ms_;    ///< when its burst is available again
};

}  // namespace roost::api
