#pragma once

#include "api/db/database.h"
#include "api/http/service.h"
#include "common/observe/metrics.h"

namespace roost::api {

/// The routes /healthz (liveness), /readyz (readiness: the database answers and the worker is not draining), /metrics.
class Health {
 public:
  /// Both outlive it.
  Health(Database& database, observe::MetricRegistry& metrics) : database_(database), metrics_(metrics) {}
  void add_to(Router& router);
  /// From now on not ready, so that proxies use other workers.
  void set_draining() { draining_ = true; }

 private:
  void ready(Reply reply);

  Database& database_;
  observe::MetricRegistry& metrics_;
  bool draining_ = false;
};

}  // namespace roost::api
