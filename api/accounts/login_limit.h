#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace roost::api {

/// How often something may be tried per key (an account's name, an address): `attempts` at once, and one more for each
/// `window_ms / attempts` that passes (the generic cell rate algorithm). Time is passed in, monotonic. One thread.
class AttemptLimit {
 public:
  /// Keys that are remembered; beyond it those with the fewest recent attempts are forgotten.
  static constexpr size_t kMaxKeys = 65'536;

  AttemptLimit(int64_t attempts, int64_t window_ms);

  /// Counts an attempt and returns 0; or counts nothing and returns for how many milliseconds none is allowed.
  int64_t attempt(std::string_view key, int64_t now_ms);
  /// Takes an attempt back: it succeeded.
  void forgive(std::string_view key);
  size_t keys() const { return full_at_ms_.size(); }

 private:
  uint64_t hash(std::string_view key) const;
  void forget_some(int64_t now_ms);

  const int64_t step_ms_;
  const int64_t window_ms_;
  const uint64_t seed_;
  /// By hash of the key: when all of its attempts will have come back. Two keys of one hash share their attempts, which
  /// nobody can bring about on purpose, since the hash is seeded.
  std::unordered_map<uint64_t, int64_t> full_at_ms_;
};

/// The limit of log-ins: per client and per account name, so that neither one client trying many accounts nor many
/// clients trying one gets far.
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

  /// As AttemptLimit::attempt. The account is not looked at when the address is over its limit. `account` is folded.
  int64_t attempt(std::string_view address, std::string_view account, int64_t now_ms);
  /// The log-in succeeded, or could not be tried.
  void forgive(std::string_view address, std::string_view account);

 private:
  AttemptLimit by_account_;
  AttemptLimit by_address_;
};

}  // namespace roost::api
