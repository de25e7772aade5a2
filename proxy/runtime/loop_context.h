#pragma once

#include <atomic>
#include <memory>

#include "common/base/random.h"
#include "common/http/date.h"
#include "common/net/event_loop.h"
#include "proxy/limits/load_shedder.h"
#include "proxy/observe/counters.h"
#include "proxy/runtime/loop_site.h"
#include "proxy/runtime/request_ids.h"

namespace roost::proxy {

class AccessLog;

/// What everything on one loop shares: the Site in effect, counters, the date of responses. Loop thread only.
struct LoopContext {
  LoopContext(net::EventLoop& event_loop, observe::MetricScope& scope, uint64_t seed)
      : loop(event_loop), random(seed), request_ids(Random::mix(seed)), counters(scope) {}

  const Site& site() const { return loop_site->site(); }

  net::EventLoop& loop;
  Random random;
  RequestIds request_ids;
  Counters counters;
  http::HttpDateCache dates;
  std::shared_ptr<LoopSite> loop_site;  ///< for new requests
  AccessLog* access_log = nullptr;      ///< null when it is off
  std::string_view via_mark;            ///< Runtime::via_mark
  LoadShedder shedder;
  std::atomic<int64_t>* active_requests = nullptr;  ///< counts exchanges of all loops; null where none is limited
};

}  // namespace roost::proxy
