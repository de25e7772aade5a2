#pragma once

#include <cstdint>
#include <functional>

#include "common/observe/event_log.h"
#include "common/observe/metrics.h"

namespace roost::observe {

/// Looks after the MemoryReserve of the process: says when it is low and when it is whole again, has caches give memory
/// back, and fills it. One thread; refresh() on any.
class MemoryWatch {
 public:
  static constexpr int64_t kPeriodMs = 250;  ///< between calls of look()

  MemoryWatch(EventLog& events, MetricScope& scope);

  /// `give_back` is called while memory is low. True when it has been and is not any more.
  bool look(const std::function<void()>& give_back);
  /// Sets the metrics.
  void refresh();

 private:
  EventLog& events_;
  Gauge& low_;
  Counter& shortages_;
  Counter& refusals_;
  uint64_t shortages_seen_ = 0;
  bool was_low_ = false;
};

}  // namespace roost::observe
