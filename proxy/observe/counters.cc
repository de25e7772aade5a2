#include "proxy/observe/counters.h"

namespace roost::proxy {

namespace {

constexpr observe::MetricInfo kRequests{"roost_proxy_requests_total", "Requests answered, by outcome."};
constexpr observe::MetricInfo kResponses{"roost_proxy_responses_total", "Requests answered, by status class."};
constexpr observe::MetricInfo kRefused{"roost_proxy_refused_total", "Messages refused: malformed or over a limit."};
constexpr observe::MetricInfo kFailures{"roost_proxy_failures_total",
                                        "Requests that failed, by whose fault it was and at which step."};
constexpr observe::MetricInfo kUnfinished{"roost_proxy_unfinished_total",
                                          "Answers that did not reach their end, by how they ended."};
constexpr observe::MetricInfo kRetries{"roost_proxy_retries_total",
                                       "Attempts at a backend after the first of a request."};
constexpr observe::MetricInfo kLogDrops{"roost_proxy_access_log_dropped_total",
                                        "Access log lines dropped because the buffer was full."};
constexpr observe::MetricInfo kValidated{"roost_proxy_validated_total",
                                         "Stored responses that a backend validated (304)."};
constexpr observe::MetricInfo kStale{
    "roost_proxy_stale_answers_total",
    "Stale responses served, by reason: during revalidation, or after a backend error."};
constexpr observe::MetricInfo kConnections{"roost_proxy_client_connections", "Client connections open."};
constexpr observe::MetricInfo kHitAge{"roost_proxy_hit_age_seconds", "Age of responses served from the cache."};
constexpr observe::MetricInfo kBackendWait{"roost_proxy_backend_wait_seconds",
                                           "Time from forwarding a request to its response head."};

constexpr observe::MetricInfo kLimited{"roost_proxy_limited_total",
                                       "Requests refused and connections closed, by the limit they ran into."};
constexpr observe::MetricInfo kAcceptPauses{"roost_proxy_accept_pauses_total",
                                            "Times that accepting paused because the process was out of descriptors."};
constexpr observe::MetricInfo kLag{"roost_proxy_loop_lag_ms",
                                   "Lateness of the event loops when last sampled, added up, in milliseconds."};

constexpr std::array<std::string_view, http::kLimits> kLimitNames = {"connections",  // in the order of http::Limit
                                                                     "connections_per_address",
                                                                     "idle_closed",
                                                                     "first_request_timeout",
                                                                     "request_head_timeout",
                                                                     "request_body_timeout",
                                                                     "min_body_rate",
                                                                     "write_timeout",
                                                                     "min_send_rate",
                                                                     "memory"};
constexpr std::array<std::string_view, kOutcomes> kNames = {"hit", "miss", "collapsed", "pass", "internal", "refused"};
constexpr std::array<std::string_view, 6> kClasses = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  return kNames[static_cast<size_t>(outcome)];
}

RequestTotals RequestTotals::of(observe::MetricRegistry& metrics) {
  const auto count = [&metrics](Outcome outcome) {
    return metrics.counter_total(kRequests.name, {{"outcome", outcome_name(outcome)}});
  };
  return {count(Outcome::hit), count(Outcome::miss) + count(Outcome::collapsed), count(Outcome::pass),
          count(Outcome::internal) + count(Outcome::refused)};
}

Counters::Counters(observe::MetricScope& scope)
    : over_rate(scope.counter(kLimited, {{"limit", "request_rate"}})),
      over_active(scope.counter(kLimited, {{"limit", "max_active_requests"}})),
      shed(scope.counter(kLimited, {{"limit", "max_loop_lag"}})),
      accept_pauses(scope.counter(kAcceptPauses)),
      loop_lag_ms(scope.gauge(kLag)),
      refused(scope.counter(kRefused)),
      retries(scope.counter(kRetries)),
      log_drops(scope.counter(kLogDrops)),
      validated(scope.counter(kValidated)),
      stale_while_fetched(scope.counter(kStale, {{"reason", "revalidating"}})),
      stale_on_error(scope.counter(kStale, {{"reason", "error"}})),
      connections(scope.gauge(kConnections)),
      hit_age(scope.histogram(kHitAge)),
      backend_wait(scope.histogram(kBackendWait)) {
  for (size_t i = 0; i < kOutcomes; ++i) outcomes_[i] = &scope.counter(kRequests, {{"outcome", kNames[i]}});
  for (size_t i = 0; i < http::kLimits; ++i) limits_[i] = &scope.counter(kLimited, {{"limit", kLimitNames[i]}});
  for (size_t i = 1; i < kEndings; ++i) {
    endings_[i] = &scope.counter(kUnfinished, {{"ending", ending_name(static_cast<Ending>(i))}});
  }
  for (size_t side = 0; side < kSides; ++side) {
    for (size_t step = 1; step < kSteps; ++step) {
      failures_[side][step] = &scope.counter(
          kFailures, {{"fault", side_name(static_cast<Side>(side))}, {"step", step_name(static_cast<Step>(step))}});
    }
  }
  for (size_t i = 0; i < kClasses.size(); ++i) classes_[i] = &scope.counter(kResponses, {{"class", kClasses[i]}});
}

}  // namespace roost::proxy
