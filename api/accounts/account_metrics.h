#pragma once

#include "common/observe/metrics.h"

namespace roost::api {

/// Counts what accounts refuse, instead of a line in the log for each. Loop thread only.
struct AccountMetrics {
  explicit AccountMetrics(observe::MetricScope& scope);

  observe::Counter& login_address;  ///< log-ins refused: too many of this address
  observe::Counter& login_account;  ///< log-ins refused: too many wait at this account
  observe::Counter& login_delayed;
  observe::Counter& registrations;   ///< refused: too many of this address
  observe::Counter& login_queue;     ///< log-ins refused: too many passwords wait
  observe::Counter& register_queue;  ///< the same of registrations
};

}  // namespace roost::api
