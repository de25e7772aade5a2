#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/attempt_limit.h"
#include "api/http/client_address.h"

namespace roost::api {

/// Limits guesses of passwords: of one client that tries many accounts, and of many that try one. Nobody can lock an
/// account's owner out:
///
///  - first the attempts of an address are limited, whatever the account; beyond the limit they are refused;
///  - then those at an account, whoever tries: beyond the limit each is delayed, by kFirstDelayMs and twice as long for
///    each further one, up to kMostDelayMs (LoginDelays bounds how many wait);
///  - an address from which somebody has logged in to the account within kKnownMs is not concerned by others' attempts,
///    only by its own.
///
/// An attempt that succeeds is not counted. Time is passed in, monotonic. One thread.
class LoginLimit {
 public:
  static constexpr int64_t kFirstDelayMs = 500;
  static constexpr int64_t kMostDelayMs = 8'000;
  static constexpr int64_t kKnownMs = int64_t{30} * 86'400'000;

  struct Options {
    int64_t attempts_per_account = 10;
    int64_t attempts_per_address = 50;
    int64_t window_ms = 60'000;
  };
  explicit LoginLimit(const Options& options)
      : by_account_(options.attempts_per_account, options.window_ms),
        by_pair_(options.attempts_per_account, options.window_ms),
        by_address_(options.attempts_per_address, options.window_ms) {}

  /// Counts an attempt of this address and returns 0; or counts nothing and returns the milliseconds until one is
  /// allowed.
  int64_t attempt_from(const ClientAddress& address, int64_t now_ms) {
    return by_address_.attempt(address.key(), now_ms);
  }
  /// Counts an attempt at this account, which attempt_from() has let pass; returns the milliseconds to delay it.
  /// `account`: the same whether a name or an e-mail address was given.
  int64_t attempt_at(std::string_view account, const ClientAddress& address, int64_t now_ms);
  /// Takes the attempt back: it succeeded.
  void succeeded(std::string_view account, const ClientAddress& address, int64_t now_ms);
  /// Takes the attempt back: it failed for a reason of our own. With an empty account only that of the address.
  void forgive(std::string_view account, const ClientAddress& address);

 private:
  static std::string pair_of(std::string_view account, const ClientAddress& address);

  AttemptLimit by_account_;
  AttemptLimit by_pair_;  ///< of an account and an address that is known there
  AttemptLimit by_address_;
  KeyTimes known_until_ms_;  ///< of pairs
};

}  // namespace roost::api
