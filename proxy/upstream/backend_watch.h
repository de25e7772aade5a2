#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/net/event_loop.h"
#include "common/net/resolver.h"
#include "proxy/upstream/backend.h"

namespace roost::proxy {

struct BackendWatchOptions {
  int64_t resolve_period_ms = 10'000;  ///< how often a name that resolved is looked up again
  int64_t probe_timeout_ms = 1'000;
  uint64_t seed = 1;  ///< of the jitter
};

/// Keeps the addresses and the state of backends up to date in the background, on one loop: looks up their names, again
/// and again, connects to those that are down until they accept, and takes care of those that are ejected
/// (BackendUpkeep). A name that no longer resolves keeps its last addresses. Outlives every thread that sends requests
/// to the backends. Loop thread only, except on_backend_changed.
class BackendWatch final : public BackendObserver {
 public:
  /// A change for the event log: "resolved to 10.0.0.1:9001". Once for each change, not for each attempt.
  using OnNews = std::function<void(const Backend& backend, const std::string& news, bool bad)>;

  BackendWatch(net::EventLoop& loop, net::Resolver& resolver, const BackendWatchOptions& options, OnNews on_news);
  ~BackendWatch();
  BackendWatch(const BackendWatch&) = delete;
  BackendWatch& operator=(const BackendWatch&) = delete;

  /// Watches these from now on, and no others. New ones that are IP addresses resolve inside this call; the lookups of
  /// names start.
  void watch(const std::vector<std::shared_ptr<Backend>>& backends);

 private:
  class Watched;
  void on_backend_changed(Backend& backend) override;

  net::EventLoop& loop_;
  net::Resolver& resolver_;
  BackendWatchOptions options_;
  OnNews on_news_;
  Random random_;
  std::vector<std::unique_ptr<Watched>> watched_;
};

}  // namespace roost::proxy
