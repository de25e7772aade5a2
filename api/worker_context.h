#pragma once

#include <string>

#include "api/config.h"
#include "common/base/clock.h"
#include "common/net/event_loop.h"
#include "common/observe/event_log.h"

namespace roost::api {

/// What all parts of a worker use. It outlives them.
struct WorkerContext {
  const Config& config;
  std::string name;  ///< of the worker, in the logs
  net::EventLoop& loop;
  SystemClock& clock;
  observe::EventLog& events;
};

}  // namespace roost::api
