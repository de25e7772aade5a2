#pragma once

#include <array>

#include "common/observe/metrics.h"

namespace roost::proxy {

/// How an answer came about, for metrics and the access log.
enum class Outcome : uint8_t {
  hit,        ///< from the cache
  miss,       ///< fetched for the cache
  collapsed,  ///< waited for another's fetch and shared its answer
  pass,       ///< fetched for this client alone
  internal,   ///< answered by the proxy itself: an error, or no route
};
constexpr size_t kOutcomes = 5;
std::string_view outcome_name(Outcome outcome);

/// What one loop counts. Written by its thread, read by the admin page.
class Counters {
 public:
  explicit Counters(observe::MetricScope& scope);

  void count(Outcome outcome, int status) {
    outcomes_[static_cast<size_t>(outcome)]->add();
    classes_[status >= 100 && status < 600 ? static_cast<size_t>(status / 100) : 0]->add();
  }
  observe::Counter& refused;              ///< messages that could not become requests
  observe::Counter& retries;              ///< attempts after the first
  observe::Counter& log_drops;            ///< access log lines that found no room
  observe::Counter& validated;            ///< stored answers a backend found unchanged
  observe::Counter& stale_while_fetched;  ///< stale answers given while they were fetched anew
  observe::Counter& stale_on_error;       ///< stale answers given because no backend gave a better one
  observe::Gauge& connections;            ///< clients connected
  observe::Histogram& hit_age;            ///< how old answers from the cache were
  observe::Histogram& backend_wait;       ///< from forwarding a request to its response head

 private:
  std::array<observe::Counter*, kOutcomes> outcomes_{};
  std::array<observe::Counter*, 6> classes_{};
};

}  // namespace roost::proxy
