#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/http/date.h"
#include "common/http/fields.h"
#include "common/net/event_loop.h"
#include "proxy/observe/counters.h"
#include "proxy/upstream/connection_pool.h"
#include "proxy/upstream/retry.h"

namespace roost::proxy {

class AccessLog;

/// What everything on one loop shares: connections to the backends, counters, scratch space. Loop thread only.
struct LoopContext {
  LoopContext(net::EventLoop& event_loop, observe::MetricScope& scope, uint64_t seed)
      : loop(event_loop), random(seed), counters(scope) {}

  ConnectionPool& connections_to(const Backend& backend) { return *connections.at(backend.id()); }

  net::EventLoop& loop;
  Random random;
  Counters counters;
  http::HttpDateCache dates;
  std::vector<std::unique_ptr<ConnectionPool>> connections;  ///< by Backend::id()
  std::vector<RetryBudget> budgets;                          ///< by Pool::id()
  AccessLog* access_log = nullptr;                           ///< null when it is off
};

}  // namespace roost::proxy
