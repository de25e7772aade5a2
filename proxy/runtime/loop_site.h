#pragma once

#include <memory>
#include <vector>

#include "common/net/event_loop.h"
#include "proxy/runtime/site.h"
#include "proxy/upstream/connection_pool.h"
#include "proxy/upstream/retry.h"

namespace roost::proxy {

/// A Site on one loop, with the loop's own state for it: retry budgets, and the connections to its backends. Held by
/// the LoopContext while it is in effect and by every exchange that began with it; destroyed at the end of the loop's
/// turn in which the last of them releases it. Loop thread only.
class LoopSite final : public net::Retirable {
 public:
  /// Connections are shared with `previous`, the loop's Site so far or null, for the backends that both have and unless
  /// their limits differ. `loop` and `connector` outlive the LoopSite.
  static std::shared_ptr<LoopSite> make(net::EventLoop& loop, Connector& connector, std::shared_ptr<const Site> site,
                                        const LoopSite* previous);

  const Site& site() const { return *site_; }
  /// Of a backend of this Site.
  ConnectionPool& connections_to(Backend& backend) {
    std::shared_ptr<ConnectionPool>& connections = connections_[backend.id()];
    if (!connections) make_connections(backend);
    return *connections;
  }
  /// Of a pool of this Site.
  RetryBudget& budget(const Pool& pool) { return budgets_[pool.id()]; }

 private:
  LoopSite(net::EventLoop& loop, Connector& connector, std::shared_ptr<const Site> site);
  void make_connections(Backend& backend);

  net::EventLoop& loop_;
  Connector& connector_;
  std::shared_ptr<const Site> site_;
  std::vector<RetryBudget> budgets_;                          // by Pool::id()
  std::vector<std::shared_ptr<ConnectionPool>> connections_;  // by Backend::id(); null until they are used
};

}  // namespace roost::proxy
