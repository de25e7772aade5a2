#pragma once

#include <cstdint>

#include "common/net/event_loop.h"
#include "common/observe/metrics.h"
#include "proxy/limits/load_shedder.h"

namespace roost::proxy {

/// Tells a loop's shedder how late the loop is: by how much a timer of LoadShedder::kSampleMs rings after its time,
/// which is how long the turns of the loop take. Rings only while there is something to serve. Loop thread only.
class LagSampler {
 public:
  LagSampler(net::EventLoop& loop, LoadShedder& shedder, observe::Gauge& lag_ms);

  /// Begins to sample, if it does not already.
  void wake();
  /// Until the next wake().
  void stop();

 private:
  void on_timer();

  net::EventLoop& loop_;
  LoadShedder& shedder_;
  observe::Gauge& lag_ms_;
  net::Timer timer_;
  int64_t due_ms_ = 0;
};

}  // namespace roost::proxy
