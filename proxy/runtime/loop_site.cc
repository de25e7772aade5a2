#include "proxy/runtime/loop_site.h"

namespace roost::proxy {

LoopSite::LoopSite(net::EventLoop& loop, Connector& connector, std::shared_ptr<const Site> site)
    : loop_(loop), connector_(connector), site_(std::move(site)), budgets_(site_->pools.size()) {}

void LoopSite::make_connections(Backend& backend) {
  connections_[backend.id()] = std::make_shared<ConnectionPool>(loop_, connector_, backend, site_->connections);
}

std::shared_ptr<LoopSite> LoopSite::make(net::EventLoop& loop, Connector& connector, std::shared_ptr<const Site> site,
                                         const LoopSite* previous) {
  // Retired, not deleted: a connection that goes with it may be the one whose event released it.
  std::shared_ptr<LoopSite> made(new LoopSite(loop, connector, std::move(site)),
                                 [&loop](LoopSite* released) { loop.retire(std::unique_ptr<LoopSite>(released)); });
  const bool same_limits = previous != nullptr && previous->site().connections == made->site().connections;
  for (const auto& host : made->site().backends) {
    const size_t first = host->id() * BackendHost::kMaxAddresses;
    const size_t last = first + BackendHost::kMaxAddresses;
    if (made->connections_.size() < last) made->connections_.resize(last);
    if (!same_limits || previous->connections_.size() < last) continue;
    for (size_t id = first; id < last; ++id) made->connections_[id] = previous->connections_[id];
  }
  return made;
}

}  // namespace roost::proxy
