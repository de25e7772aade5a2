#include "proxy/runtime/loop_site.h"

namespace roost::proxy {

LoopSite::LoopSite(std::shared_ptr<const Site> site) : site_(std::move(site)), budgets_(site_->pools.size()) {}

std::shared_ptr<LoopSite> LoopSite::make(net::EventLoop& loop, Connector& connector, std::shared_ptr<const Site> site,
                                         const LoopSite* previous) {
  // Retired, not deleted: a connection that goes with it may be the one whose event released it.
  std::shared_ptr<LoopSite> made(new LoopSite(std::move(site)),
                                 [&loop](LoopSite* released) { loop.retire(std::unique_ptr<LoopSite>(released)); });
  const bool same_limits = previous != nullptr && previous->site().connections == made->site().connections;
  for (const auto& backend : made->site().backends) {
    const uint32_t id = backend->id();
    if (made->connections_.size() <= id) made->connections_.resize(id + 1);
    if (same_limits && id < previous->connections_.size()) made->connections_[id] = previous->connections_[id];
    if (made->connections_[id]) continue;
    made->connections_[id] = std::make_shared<ConnectionPool>(loop, connector, *backend, made->site().connections);
  }
  return made;
}

}  // namespace roost::proxy
