#include "proxy/runtime/backend_registry.h"

#include <algorithm>

namespace roost::proxy {

std::shared_ptr<Backend> BackendRegistry::at(const net::HostPort& host, const HealthOptions& health) {
  size_t free = backends_.size();
  for (size_t id = 0; id < backends_.size(); ++id) {
    auto backend = backends_[id].lock();
    if (backend && backend->host() == host && backend->health() == health) return backend;
    if (!backend) free = std::min(free, id);
  }
  auto made = std::make_shared<Backend>(static_cast<uint32_t>(free), host, health);
  if (free == backends_.size()) backends_.emplace_back();
  backends_[free] = made;
  return made;
}

size_t BackendRegistry::in_use() const {
  return static_cast<size_t>(
      std::count_if(backends_.begin(), backends_.end(), [](const auto& backend) { return !backend.expired(); }));
}

}  // namespace roost::proxy
