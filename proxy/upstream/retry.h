#pragma once

#include <cstdint>

#include "common/http/client.h"

namespace roost::proxy {

constexpr uint32_t kMaxAttempts = 3;  ///< of one request, the first included

/// Bounds retries of requests that a backend may have executed to a share of a pool's traffic: each request earns a
/// share of a retry, each such retry spends a whole one, so that a pool whose backends all fail is not sent twice its
/// load. Requests no backend has processed are retried without spending. One per loop and pool.
class RetryBudget {
 public:
  static constexpr uint32_t kEarnedPerRequest = 20;  ///< hundredths of a retry
  static constexpr uint32_t kMostSaved = 50'000;     ///< hundredths; what a burst (a killed backend) may spend
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
  bool body_replayable = false;  ///< it has none, or all that has come of it is still held
  bool timed_out = false;        ///< the backend is slow rather than gone
  bool response_begun = false;   ///< the client, or a waiter, has seen some of the response
  uint32_t attempts = 1;         ///< made so far, this one included
  uint32_t repeats = 0;          ///< how many of the attempts before this one may have been executed
};

/// False when no backend has processed the request: it may be sent again whatever its method.
inline bool may_have_executed(http::Progress progress) {
  return progress != http::Progress::not_connected && progress != http::Progress::refused;
}

/// Whether to send the request again, to another backend. One that was not processed always may be, up to kMaxAttempts;
/// one that may have been executed only when executing it twice is harmless, once, and within the budget, which is
/// spent from then.
bool may_retry(const FailedAttempt& failed, RetryBudget& budget);

}  // namespace roost::proxy
