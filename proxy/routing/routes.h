#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/upstream/pool.h"

namespace roost::proxy {

/// The pool for requests of one host and path, and how their responses are cached.
struct Route {
  std::string host;  ///< lower case, without port; empty for any
  std::string path;  ///< without a trailing slash; "" for every path
  Pool* pool = nullptr;
  bool cache = true;
  int64_t default_ttl_ms = 60'000;
  bool ignore_client_cache_control = false;
};

/// All routes, the most specific first. Immutable; any thread.
class Routes {
 public:
  explicit Routes(std::vector<Route> routes);
  /// The route of this host, or of any, whose path is the longest prefix of `path`; of two with the same path, the one
  /// with a host. Null if there is none. `authority` may include a port.
  const Route* find(std::string_view authority, std::string_view path) const;
  const std::vector<Route>& all() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace roost::proxy
