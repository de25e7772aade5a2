#pragma once

#include <memory>
#include <vector>

#include "common/observe/metrics.h"
#include "proxy/upstream/pool.h"

namespace roost::proxy {

/// Copies the state and the counts of backends into metrics, one set for each pool and host: those of a name's
/// addresses are added up, so that addresses that come and go make no new metrics. And the waiting requests of each
/// pool that has a queue. One thread at a time, that of /metrics.
class BackendMetrics {
 public:
  /// Outlives this.
  explicit BackendMetrics(observe::MetricScope& scope) : scope_(scope) {}
  void refresh(const std::vector<std::unique_ptr<Pool>>& pools);

 private:
  observe::MetricScope& scope_;
};

}  // namespace roost::proxy
