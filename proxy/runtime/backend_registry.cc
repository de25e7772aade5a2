#include "proxy/runtime/backend_registry.h"

#include <algorithm>

namespace roost::proxy {

std::shared_ptr<BackendHost> BackendRegistry::at(const net::HostPort& host, const HealthOptions& health) {
  size_t free = hosts_.size();
  for (size_t id = 0; id < hosts_.size(); ++id) {
    auto known = hosts_[id].lock();
    if (known && known->host() == host && known->health() == health) return known;
    if (!known) free = std::min(free, id);
  }
  auto made = std::make_shared<BackendHost>(static_cast<uint32_t>(free), host, health);
  if (free == hosts_.size()) hosts_.emplace_back();
  hosts_[free] = made;
  return made;
}

size_t BackendRegistry::in_use() const {
  return static_cast<size_t>(
      std::count_if(hosts_.begin(), hosts_.end(), [](const auto& known) { return !known.expired(); }));
}

}  // namespace roost::proxy
