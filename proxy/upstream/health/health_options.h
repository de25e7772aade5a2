#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "proxy/upstream/health/check_options.h"
#include "proxy/upstream/health/outlier.h"

namespace roost::proxy {

/// How the health of a pool's backends is judged.
struct HealthOptions {
  CheckOptions check;
  OutlierOptions outlier;
  uint32_t max_ejected_percent = 50;                         ///< of a pool, rounded up; never the last one in use
  std::vector<int> failure_statuses = {500, 502, 503, 504};  ///< that count as failures of the backend
  int64_t slow_start_ms = 0;  ///< of a backend that comes into use; after an ejection at least kAfterEjectionMs
  static constexpr int64_t kAfterEjectionMs = 10'000;

  bool is_failure(int status) const {
    return status >= 500 &&
           std::find(failure_statuses.begin(), failure_statuses.end(), status) != failure_statuses.end();
  }
  bool operator==(const HealthOptions&) const = default;
};

}  // namespace roost::proxy
