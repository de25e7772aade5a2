#pragma once

#include <array>

#include "common/http/server.h"
#include "common/observe/metrics.h"
#include "proxy/observe/failure.h"

namespace roost::proxy {

/// How a request was answered, for metrics and the access log.
enum class Outcome : uint8_t {
  hit,        ///< from the cache
  miss,       ///< fetched for the cache
  collapsed,  ///< by the response of a fetch that another request had begun
  pass,       ///< fetched for this client alone
  internal,   ///< by the proxy itself: an error, or no route
  refused,    ///< with an error: it was malformed or over a limit, and never a request
};
constexpr size_t kOutcomes = 6;
std::string_view outcome_name(Outcome outcome);

/// Requests answered since the start, over all loops. Each counts once: hits + misses + passes + refused = all.
struct RequestTotals {
  uint64_t hits = 0;
  uint64_t misses = 0;  ///< fetched for the cache, or answered by the response of such a fetch
  uint64_t passes = 0;
  uint64_t refused = 0;  ///< answered by the proxy itself: malformed, over a limit, without a route or a backend

  static RequestTotals of(observe::MetricRegistry& metrics);
  uint64_t all() const { return hits + misses + passes + refused; }
};

/// The counters of one loop. Written by its thread, read by the admin listener.
class Counters {
 public:
  explicit Counters(observe::MetricScope& scope);

  void count(Outcome outcome, int status) {
    outcomes_[static_cast<size_t>(outcome)]->add();
    classes_[status >= 100 && status < 600 ? static_cast<size_t>(status / 100) : 0]->add();
  }
  /// A connection ran into a limit.
  void count(http::Limit limit) { limits_[static_cast<size_t>(limit)]->add(); }
  uint64_t total(http::Limit limit) const { return limits_[static_cast<size_t>(limit)]->value(); }
  observe::Counter& over_rate;      ///< requests over the rate of their client: 429
  observe::Counter& over_active;    ///< requests over max_active_requests: 503
  observe::Counter& shed;           ///< requests refused because the loop was late: 503
  observe::Counter& accept_pauses;  ///< accepting was suspended for want of descriptors
  observe::Gauge& loop_lag_ms;      ///< lateness of the loop when last sampled
  void count_failure(const Failure& failure) {
    failures_[static_cast<size_t>(failure.side)][static_cast<size_t>(failure.step)]->add();
  }
  /// Of answers that are not complete.
  void count_ending(Ending ending) { endings_[static_cast<size_t>(ending)]->add(); }

  observe::Counter& refused;              ///< malformed messages, or over a limit
  observe::Counter& retries;              ///< attempts after the first
  observe::Counter& log_drops;            ///< access log lines dropped
  observe::Counter& validated;            ///< stored responses that a backend validated
  observe::Counter& stale_while_fetched;  ///< stale responses served during revalidation
  observe::Counter& stale_on_error;       ///< stale responses served after a backend error
  observe::Gauge& connections;            ///< client connections open
  observe::Histogram& hit_age;            ///< age of responses served from the cache
  observe::Histogram& backend_wait;       ///< from forwarding a request to its response head

 private:
  std::array<observe::Counter*, kOutcomes> outcomes_{};
  std::array<observe::Counter*, 6> classes_{};
  std::array<observe::Counter*, http::kLimits> limits_{};
  std::array<std::array<observe::Counter*, kSteps>, kSides> failures_{};  // null for Step::none
  std::array<observe::Counter*, kEndings> endings_{};                     // null for Ending::complete
};

}  // namespace roost::proxy
