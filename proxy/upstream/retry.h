#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/http/client.h"

namespace roost::proxy {

constexpr uint32_t kMaxAttempts = 8;      ///< of one request, the first included
constexpr uint32_t kMaxSlowAttempts = 3;  ///< the same where connecting timed out: each has cost its time already

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

/// After what an idempotent request is sent to another backend, once (`retry_on` of a route). That it is tried
/// elsewhere after a connection that could not be made is not a matter of this: nothing was sent then.
struct RetryOn {
  bool reset = true;               ///< the connection broke before a byte of the response came
  bool timeout = true;             ///< no byte of the response came in time
  bool ejected = true;             ///< it failed, however, at a backend that is ejected or has returned of late
  std::vector<uint16_t> statuses;  ///< answers in place of which another backend's is wanted

  static constexpr int kLeastStatus = 400;
  static constexpr int kMostStatus = 599;
  bool has(int status) const {
    return std::find(statuses.begin(), statuses.end(), static_cast<uint16_t>(status)) != statuses.end();
  }
  /// From "connect", "reset", "timeout", "ejected" and statuses such as "503". The error says what is expected.
  static Result<RetryOn> parse(const std::vector<std::string>& words);
  /// What is wrong with one of these words; empty if nothing is.
  static std::string check_word(std::string_view word);
};

/// What is known of a request when an attempt at it has failed.
struct FailedAttempt {
  http::Progress progress = http::Progress::not_connected;
  bool idempotent = false;       ///< by its method (RFC 9110 §9.2.2)
  bool body_replayable = false;  ///< it has none, or all that has come of it is still held
  bool timed_out = false;        ///< the backend is slow rather than gone
  bool response_begun = false;   ///< the client, or a waiter, has seen some of the response
  bool distrusted = false;       ///< the backend is ejected or has returned of late, and this counts as its failure
  int status = 0;                ///< of a response that nobody has seen; 0: there is none
  uint32_t attempts = 1;         ///< made so far, this one included
  uint32_t repeats = 0;          ///< how many of the attempts before this one may have been executed
};

/// False when no backend has processed the request: it may be sent again whatever its method.
inline bool may_have_executed(http::Progress progress) {
  return progress != http::Progress::not_connected && progress != http::Progress::refused;
}

enum class Again : uint8_t {
  no,
  free,         ///< no backend has processed it
  from_budget,  ///< if the pool's RetryBudget allows it
};

/// Whether to send the request again, to another backend. One that was not processed always may be, up to kMaxAttempts;
/// one that may have been executed only when executing it twice is harmless, once, and where the route says so.
Again judge_retry(const FailedAttempt& failed, const RetryOn& retry_on);

/// The same, with the budget, which is spent where it has to be.
bool may_retry(const FailedAttempt& failed, const RetryOn& retry_on, RetryBudget& budget);

}  // namespace roost::proxy
