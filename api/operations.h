#pragma once

#include "api/health.h"
#include "api/logs/logs.h"
#include "api/storage.h"
#include "api/worker_metrics.h"

namespace roost::api {

/// The routes for those who operate the service: /healthz, /readyz, /metrics and /logs. Loop thread only.
class Operations {
 public:
  /// All outlive it.
  struct Parts {
    Storage& storage;
    const batcher::Batcher& batcher;
    const Revalidator& revalidator;
    observe::MetricRegistry& registry;
    observe::MetricScope& scope;
  };
  Operations(const WorkerContext& context, const Parts& parts);

  void add_to(Router& router);
  /// From now on /readyz answers 503.
  void set_draining() { health_.set_draining(); }

 private:
  Health health_;
  Logs logs_;
  WorkerMetrics metrics_;
};

}  // namespace roost::api
