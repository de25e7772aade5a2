#pragma once

#include <cstdint>

#include "common/http/client.h"

namespace roost::proxy {

constexpr uint32_t kMaxAttempts = 3;

/// How much of a pool's traffic may be second attempts: each request earns a share of one, each retry spends a whole
/// one, so that a pool whose backends all break is not sent twice its load. Requests the backend has seen nothing of
/// are tried elsewhere without spending. One per loop and pool.
class RetryBudget {
 public:
  static constexpr uint32_t kEarnedPerRequest = 20;  ///< hundredths of a retry
  static constexpr uint32_t kMostSaved = 50'000;     ///< hundredths; what a burst (a backend killed) may spend
  void earn() { saved_ = saved_ + kEarnedPerRequest < kMostSaved ? saved_ + kEarnedPerRequest : kMostSaved; }
  bool spend() {
    if (saved_ < 100) return false;
    saved_ -= 100;
    return true;
  }

 private:
  uint32_t saved_ = kMostSaved;
};

/// What is known of a request when an attempt at it has failed.
struct FailedAttempt {
  http::Progress progress = http::Progress::not_connected;
  bool idempotent = false;       ///< by its method (RFC 9110 §9.2.2)
  bool body_replayable = false;  ///< it has none, or all of it that came so far is still held
  bool timed_out = false;        ///< the backend is slow rather than gone
  bool response_begun = false;   ///< the client, or a waiter, has seen some of the answer
  uint32_t attempts = 1;         ///< made so far, this one included
  uint32_t repeats = 0;          ///< how many of them came after bytes had been sent
};

/// Whether to try elsewhere. An attempt that did not reach the backend always may, up to kMaxAttempts; one whose bytes
/// may have been executed only when executing twice is harmless, once, and within the budget. Spends from the budget
/// when it says yes to the latter.
bool may_retry(const FailedAttempt& failed, RetryBudget& budget);

}  // namespace roost::proxy
