#include "proxy/upstream/backend_host.h"

#include <algorithm>
#include <utility>

namespace roost::proxy {

BackendHost::BackendHost(uint32_t id, net::HostPort host, HealthOptions health)
    : id_(id), host_(std::move(host)), name_(host_.to_string()), health_(std::move(health)) {}

bool BackendHost::resolved() const {
  for (size_t i = 0; i < count(); ++i) {
    if (at(i).resolved()) return true;
  }
  return false;
}

Backend* BackendHost::backend_of(const net::Address& address) const {
  for (size_t i = 0; i < count(); ++i) {
    if (at(i).resolved() && at(i).address() == address) return &at(i);
  }
  return nullptr;
}

Backend* BackendHost::free_backend() {
  const size_t known = count();
  for (size_t i = 0; i < known; ++i) {
    if (!at(i).resolved() && at(i).active() == 0) return &at(i);
  }
  if (known == kMaxAddresses) return nullptr;
  backends_[known] = std::make_unique<Backend>(
      id_ * static_cast<uint32_t>(kMaxAddresses) + static_cast<uint32_t>(known), host_, health_);
  count_.store(known + 1, std::memory_order_release);
  return backends_[known].get();
}

bool BackendHost::set_addresses(const std::vector<net::Address>& addresses) {
  bool changed = false;
  for (size_t i = 0; i < count(); ++i) {
    if (!at(i).resolved() || std::find(addresses.begin(), addresses.end(), at(i).address()) != addresses.end())
      continue;
    at(i).clear_address();
    changed = true;
  }
  for (const net::Address& address : addresses) {
    if (backend_of(address) != nullptr) continue;
    Backend* backend = free_backend();
    if (backend == nullptr) continue;
    backend->set_address(address);
    changed = true;
  }
  return changed;
}

}  // namespace roost::proxy
