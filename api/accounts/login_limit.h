#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace roost::api {

/// Rate limit per key (an account's name, an address): a burst of `attempts`, refilled at one per `window_ms /
/// attempts` (the generic cell rate algorithm). Time is passed in, monotonic. One thread.
class AttemptLimit {
 public:
  /// Bound of the keys; beyond it those with the fewest recent attempts are dropped.
  static constexpr size_t kMaxKeys = 65'536;

  AttemptLimit(int64_t attempts, int64_t window_ms);

  /// Counts an attempt and returns 0; or counts nothing and returns the milliseconds until one is allowed.
  int64_t attempt(std::string_view key, int64_t now_ms);
  /// Takes back an attempt that succeeded.
  void forgive(std::string_view key);
  size_t keys() const { return full_at_ms_.size(); }

 private:
  uint64_t hash(std::string_view key) const;
  void forget_some(int64_t now_ms);

  const int64_t step_ms_;
  const int64_t window_ms_;
  const uint64_t seed_;
  /// By hash of the key: when its burst is available again. Keys with equal hashes share a limit; the hash is seeded,
  /// so collisions cannot be provoked.
  std::unordered_map<uint64_t, int64_t> full_at_ms_;
};

/// Limits log-ins per client address and per account name: against one client that tries many accounts, and many that
/// try one.
class LoginLimit {
 public:
  struct Options {
    int64_t attempts_per_account = 10;
    int64_t attempts_per_address = 50;
    int64_t window_ms = 60'000;
  };
  explicit LoginLimit(const Options& options)
      : by_account_(options.attempts_per_account, options.window_ms),
        by_address_(options.attempts_per_address, options.window_ms) {}

  /// As AttemptLimit::attempt. Nothing is counted for the account when the address is over its limit. `account` is
  /// folded.
  int64_t attempt(std::string_view address, std::string_view account, int64_t now_ms);
  /// The log-in succeeded, or failed for an internal reason.
  void forgive(std::string_view address, std::string_view account);

 private:
  AttemptLimit by_account_;
  AttemptLimit by_address_;
};

}  // namespace roost::api
