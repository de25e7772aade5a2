#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "proxy/upstream/backend_host.h"

namespace roost::proxy {

/// The backends in use, one BackendHost for each HOST:PORT and way of judging its health. A Site made from a new
/// configuration gets the backends that are in use already, with their health and counters. One thread; the last user
/// of a backend may be on any other.
class BackendRegistry {
 public:
  /// That of `host`, which is created unless somebody still holds it. Its id is the smallest that is free, so that it
  /// can serve as an index.
  std::shared_ptr<BackendHost> at(const net::HostPort& host, const HealthOptions& health = {});
  size_t in_use() const;

 private:
  std::vector<std::weak_ptr<BackendHost>> hosts_;  // by BackendHost::id()
};

}  // namespace roost::proxy
