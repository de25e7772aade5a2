#pragma once

#include <array>
#include <string>
#include <unordered_map>

#include "common/observe/metrics.h"
#include "common/service/call_observer.h"

namespace roost::api {

/// Counts and times all calls. An endpoint is a method and a route's pattern, such as GET /like/{id}, so that their
/// number is bounded. Loop thread only.
class CallMetrics final : public service::CallObserver {
 public:
  explicit CallMetrics(observe::MetricScope& scope);
  void on_call(const service::Request& request, int status, int64_t now_us, int64_t duration_us) override;
  void on_refused(int status) override;

 private:
  observe::Counter& counter_of(const service::Request& request);

  observe::MetricScope& scope_;
  observe::Histogram& durations_;
  observe::Counter& refused_;
  std::unordered_map<std::string, observe::Counter*> endpoints_;  // by method and pattern
  std::string endpoint_;                                          // of the call being counted
  std::array<observe::Counter*, 6> answered_;                     // by the first digit of the status; 0 for any other
};

}  // namespace roost::api
