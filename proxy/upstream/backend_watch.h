#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/net/event_loop.h"
#include "common/net/resolver.h"
#include "proxy/upstream/backend_host.h"
#include "proxy/upstream/connector.h"

namespace roost::proxy {

struct BackendWatchOptions {
  int64_t resolve_period_ms = 10'000;  ///< how often a name that resolved is looked up again
  uint64_t seed = 1;                   ///< of the jitter
};

/// A change for the event log. Once for each change, not for each attempt.
struct BackendNews {
  const BackendHost& host;
  Backend* backend;  ///< null when it is about the name
  std::string text;  ///< "resolved to 10.0.0.1:9001"
  bool bad;
};

/// Keeps the addresses and the health of backends up to date in the background, on one loop: looks up their names,
/// again and again, and looks after the backend of each address (BackendCare). A name that no longer resolves keeps its
/// last addresses. Outlives every thread that sends requests to the backends. Loop thread only, except
/// on_backend_changed.
class BackendWatch final : public BackendObserver {
 public:
  using OnNews = std::function<void(const BackendNews& news)>;

  /// All outlive this.
  BackendWatch(net::EventLoop& loop, net::Resolver& resolver, Connector& connector, const BackendWatchOptions& options,
               OnNews on_news);
  ~BackendWatch();
  BackendWatch(const BackendWatch&) = delete;
  BackendWatch& operator=(const BackendWatch&) = delete;

  /// Watches these from now on, and no others. New ones that are IP addresses resolve inside this call; the lookups of
  /// names start.
  void watch(const std::vector<std::shared_ptr<BackendHost>>& hosts);

 private:
  class Watched;
  void on_backend_changed(Backend& backend) override;

  net::EventLoop& loop_;
  net::Resolver& resolver_;
  Connector& connector_;
  BackendWatchOptions options_;
  OnNews on_news_;
  Random random_;
  std::vector<std::unique_ptr<Watched>> watched_;
};

}  // namespace roost::proxy
