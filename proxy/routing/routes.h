#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/upstream/pool.h"

namespace roost::proxy {

/// Where requests of one host and path go, and how their answers are kept.
struct Route {
  std::string host;  ///< lower case, without port; empty for any
  std::string path;  ///< without the last slash, but for "" (everything)
  Pool* pool = nullptr;
  bool cache = true;
  int64_t default_ttl_ms = 60'000;
  bool ignore_client_cache_control = false;
};

/// All routes, the most particular first. Immutable after the start; any thread.
class Routes {
 public:
  explicit Routes(std::vector<Route> routes);
  /// The route with the longest path that `path` lies under, among those of this host or of any; of two with the same
  /// path the one that names the host. Null when there is none. `authority` may carry a port.
  const Route* find(std::string_view authority, std::string_view path) const;
  const std::vector<Route>& all() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

}  // namespace roost::proxy
