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

/// Keeps every backend's addresses and state true in the background, on one loop: looks names up, tries again those
/// that do not resolve, follows those whose address changes, and connects to those that are down until one answers. A
/// name that cannot be looked up any more keeps the addresses it had. Loop thread only, but for on_backend_down.
class BackendWatch final : public BackendObserver {
 public:
  /// Something a person should know: "backend api:9001: resolved to 10.0.0.1:9001". Told on each change, not on each
  /// attempt.
  using OnNews = std::function<void(const Backend& backend, const std::string& news, bool bad)>;

  BackendWatch(net::EventLoop& loop, net::Resolver& resolver, std::vector<Backend*> backends,
               const BackendWatchOptions& options, OnNews on_news);
  ~BackendWatch();
  BackendWatch(const BackendWatch&) = delete;
  BackendWatch& operator=(const BackendWatch&) = delete;

  /// Written addresses are in place at once; the look-ups of names start.
  void start();

 private:
  class Watched;
  void on_backend_down(Backend& backend) override;

  net::EventLoop& loop_;
  net::Resolver& resolver_;
  BackendWatchOptions options_;
  OnNews on_news_;
  Random random_;
  std::vector<std::unique_ptr<Watched>> watched_;
};

}  // namespace roost::proxy
