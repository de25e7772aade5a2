#pragma once

#include <array>

#include "common/observe/metrics.h"
#include "common/service/call_observer.h"

namespace roost::api {

/// Counts and times all calls. Loop thread only.
class CallMetrics final : public service::CallObserver {
 public:
  explicit CallMetrics(observe::MetricScope& scope);
  void on_call(const service::Request& request, int status, int64_t now_us, int64_t duration_us) override;
  void on_refused(int status) override;

 private:
  observe::Histogram& durations_;
  observe::Counter& refused_;
  std::array<observe::Counter*, 6> answered_;  // by the first digit of the status; 0 for any other
};

}  // namespace roost::api
