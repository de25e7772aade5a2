#pragma once

#include <memory>
#include <vector>

#include "common/http/server.h"
#include "common/net/network_set.h"
#include "proxy/config/config.h"
#include "proxy/routing/routes.h"
#include "proxy/runtime/backend_registry.h"
#include "proxy/runtime/error_pages.h"
#include "proxy/upstream/backend_host.h"
#include "proxy/upstream/body_spool.h"
#include "proxy/upstream/connection_pool.h"
#include "proxy/upstream/pool.h"

namespace roost::proxy {

/// What one configuration defines for the handling of requests. A reload makes a new Site; an exchange keeps the one it
/// began with. Immutable, shared by all threads through shared_ptr<const Site>.
struct Site {
  /// `config` is free of problems. Backends come from the registry.
  Site(const Config& config, BackendRegistry& registry);
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  const Config config;
  std::vector<std::shared_ptr<BackendHost>> backends;  ///< of all pools, each once
  std::vector<std::unique_ptr<Pool>> pools;            ///< by Pool::id()
  Routes routes;
  RequestRate request_rate;  ///< of one client address, on all routes together
  bool has_rates = false;    ///< this or a route's is set
  ErrorPages error_pages;
  net::NetworkSet trusted;  ///< whose X-Forwarded-* fields are trusted
  http::ServerLimits server_limits;
  ConnectionPoolOptions connections;
  std::unique_ptr<BodySpool> spool;  ///< for request bodies that are gathered; never null

 private:
  std::unique_ptr<Pool> make_pool(const PoolSection& section, BackendRegistry& registry);
  std::vector<Route> make_routes() const;
};

}  // namespace roost::proxy
