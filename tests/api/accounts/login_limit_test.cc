#include "api/accounts/login_limit.h"

#include <string>

#include <doctest/doctest.h>

using namespace roost::api;

namespace {

ClientAddress address(uint8_t last) {
  ClientAddress made;
  made.bytes[15] = last;
  return made;
}

}  // namespace

TEST_CASE("an address has so many attempts, whatever the account") {
  LoginLimit limit({.attempts_per_account = 10, .attempts_per_address = 3, .window_ms = 60'000});
  for (int i = 0; i < 3; ++i) CHECK(limit.attempt_from(address(1), 0) == 0);
  CHECK(limit.attempt_from(address(1), 0) == 20'000);
  CHECK(limit.attempt_from(address(2), 0) == 0);
  limit.forgive("", address(2));
  for (int i = 0; i < 3; ++i) CHECK(limit.attempt_from(address(2), 0) == 0);
  CHECK(limit.attempt_from(address(1), 20'000) == 0);
}

TEST_CASE("attempts at an account are delayed longer and longer, and never refused") {
  LoginLimit limit({.attempts_per_account = 2, .attempts_per_address = 50, .window_ms = 60'000});
  for (int i = 0; i < 2; ++i) CHECK(limit.attempt_at("ann", address(1), 0) == 0);
  for (const int64_t delay_ms : {500, 1000, 2000, 4000, 8000, 8000, 8000})
    CHECK(limit.attempt_at("ann", address(2), 0) == delay_ms);  // whoever asks
  CHECK(limit.attempt_at("bob", address(2), 0) == 0);
  CHECK(limit.attempt_at("ann", address(3), 30'000 * 20) == 0);  // it passes by itself
}

TEST_CASE("where somebody has logged in before, others' attempts do not count") {
  LoginLimit limit({.attempts_per_account = 2, .attempts_per_address = 50, .window_ms = 60'000});
  CHECK(limit.attempt_at("ann", address(1), 0) == 0);
  limit.succeeded("ann", address(1), 0);
  for (int i = 0; i < 100; ++i) limit.attempt_at("ann", address(2), 0);
  CHECK(limit.attempt_at("ann", address(2), 0) == 8000);
  CHECK(limit.attempt_at("ann", address(3), 0) == 8000);  // nor does it help others
  for (int i = 0; i < 2; ++i) CHECK(limit.attempt_at("ann", address(1), 0) == 0);
  CHECK(limit.attempt_at("ann", address(1), 0) == 500);  // its own do count
  CHECK(limit.attempt_at("ann", address(1), LoginLimit::kKnownMs) == 0);
  for (int i = 0; i < 100; ++i) limit.attempt_at("ann", address(2), LoginLimit::kKnownMs);
  CHECK(limit.attempt_at("ann", address(1), LoginLimit::kKnownMs) == 8000);  // not known any more
}

TEST_CASE("who logs in again and again is not counted") {
  LoginLimit limit({.attempts_per_account = 2, .attempts_per_address = 3, .window_ms = 60'000});
  for (int i = 0; i < 100; ++i) {
    CHECK(limit.attempt_from(address(1), 0) == 0);
    CHECK(limit.attempt_at("ann", address(1), 0) == 0);
    limit.succeeded("ann", address(1), 0);
  }
  for (int i = 0; i < 100; ++i) {
    CHECK(limit.attempt_from(address(2), 0) == 0);
    CHECK(limit.attempt_at("bob", address(2), 0) == 0);
    limit.forgive("bob", address(2));  // a failure of our own
  }
}
