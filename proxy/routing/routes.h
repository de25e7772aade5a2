#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/cache/freshness.h"
#include "proxy/limits/request_rate.h"
#include "proxy/upstream/call_policy.h"
#include "proxy/upstream/pool.h"

namespace roost::proxy {

/// The pool for requests of one host and path, and how their responses are cached.
struct Route {
  std::string host;  ///< lower case, without port; empty for any
  std::string path;  ///< without a trailing slash; "" for every path
  Pool* pool = nullptr;
  bool cache = true;
  StoringRules storing;
  bool ignore_client_cache_control = false;
  RequestRate request_rate;  ///< of one client address on this route
  uint32_t id = 0;           ///< its number in the configuration, from 1
  CallPolicy call;
};

/// All routes, the most specific first. Immutable; any thread.
///
/// A path is matched in normal form (route_path.h): "/%61ccount", "//account" and "/x/../account;v=1" are all under
/// "/account". A backend may read more into an odd path than that, an escaped slash for example. So a path that is not
/// plain finds a route without a cache if any reading of it lies under one, and no route if what it decodes to has
/// none.
class Routes {
 public:
  explicit Routes(std::vector<Route> routes);
  Routes(Routes&&) = default;
  Routes& operator=(Routes&&) = default;
  /// The route of this host, or of any, whose path is the longest prefix of `path`; of two with the same path, the one
  /// with a host. Null if there is none. `authority` may include a port. Allocates only for a path that is not plain.
  const Route* find(std::string_view authority, std::string_view path) const;
  const std::vector<Route>& all() const { return routes_; }

 private:
  const Route* find_normal(std::string_view authority, std::string_view path) const;
  const Route* find_odd(std::string_view authority, std::string_view path) const;
  bool may_be_uncached(std::string_view authority, std::string_view decoded) const;

  std::vector<Route> routes_;
  std::vector<Route> uncached_;  // the same ones, each without a cache; for odd paths
  bool by_path_ = false;         // some route has a path
  bool takes_all_ = false;       // the first one has neither host nor path
};

}  // namespace roost::proxy
