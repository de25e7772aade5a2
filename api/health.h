#pragma once

#include <functional>
#include <utility>

#include "api/db/database.h"
#include "api/http/service.h"
#include "common/observe/metrics.h"

namespace roost::api {

/// The routes /healthz (liveness), /readyz (readiness: the database answers, likes have been taken once, and the
/// worker is not draining), /metrics.
/// They are for those who reach the worker itself: a request that a proxy has forwarded is answered 404, unless the
/// configuration says otherwise.
class Health {
 public:
  struct Options {
    bool forwarded = false;             ///< answer requests that were forwarded as well
    std::function<bool()> takes_likes;  ///< ready from the first time on that it says so; none: whatever
  };
  /// Both outlive it.
  Health(Database& database, observe::MetricRegistry& metrics, Options options)
      : database_(database), metrics_(metrics), options_(std::move(options)) {}
  void add_to(Router& router);
  /// From now on not ready, so that proxies use other workers.
  void set_draining() { draining_ = true; }

 private:
  void add(Router& router, std::string_view path, service::Action action);
  void ready(Reply reply);

  Database& database_;
  observe::MetricRegistry& metrics_;
  const Options options_;
  bool has_taken_likes_ = false;
  bool draining_ = false;
};

}  // namespace roost::api
