#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/observe/metrics.h"
#include "proxy/runtime/loop_context.h"
#include "proxy/upstream/pool.h"
#include "tests/support/driven_loop.h"
#include "tests/support/scripted_backend.h"

namespace roost::proxy {

/// What one loop of the proxy needs to send requests, over backends in memory and in driven time: scripted backends at
/// 10.0.0.1:80, 10.0.0.2:80 and so on, all resolved, in the one pool of a Site, which takes them in turn. Its routes
/// are / with a cache (default_ttl 60 s) and /uncached without one.
class UpstreamFixture {
 public:
  explicit UpstreamFixture(size_t backend_count, const ConnectionPoolOptions& options = {},
                           Balance balance = Balance::round_robin,
                           const std::function<void(Config&)>& adjust = nullptr) {
    Config config;
    config.pools.push_back({"pool", std::string(balance_name(balance)), {}, {}});
    for (size_t i = 0; i < backend_count; ++i) {
      const std::string address = "10.0.0." + std::to_string(i + 1) + ":80";
      scripts_.push_back(&network_.listen(address));
      config.pools.front().backends.push_back(address);
    }
    config.routes.push_back({"", "/", "pool", true, "60s", false});
    config.routes.push_back({"", "/uncached", "pool", false, "60s", false});
    if (adjust) adjust(config);
    options_ = options;
    make_site(config);
  }
  ~UpstreamFixture() {
    context_.loop_site.reset();
    time_.turn();  // closes its connections, before the network goes
  }
  UpstreamFixture(const UpstreamFixture&) = delete;
  UpstreamFixture& operator=(const UpstreamFixture&) = delete;

  /// A new Site with a changed configuration, for requests from now on.
  template <class Change>
  void reconfigure(Change&& change) {
    Config config = context_.site().config;
    change(config);
    make_site(config);
  }

  /// Lets everything that needs no time happen.
  void run() { network_.run(); }
  /// Lets time pass, and then everything that follows.
  void advance_ms(int64_t by_ms) {
    run();
    time_.advance_ms(by_ms);
    run();
  }

  net::EventLoop& loop() { return time_.loop(); }
  MemoryNetwork& network() { return network_; }
  LoopContext& context() { return context_; }
  Pool& pool() { return *context_.site().pools.front(); }
  ScriptedBackend& script(size_t index) { return *scripts_.at(index); }
  Backend& backend(size_t index) { return host(index).at(0); }
  BackendHost& host(size_t index) { return *context_.site().backends.at(index); }
  ConnectionPool& connections(size_t index) { return context_.loop_site->connections_to(backend(index)); }
  /// Requests that arrived, at all backends.
  size_t request_count() const {
    size_t count = 0;
    for (const ScriptedBackend* script : scripts_) count += script->requests().size();
    return count;
  }
  size_t connection_count() const {
    size_t count = 0;
    for (const ScriptedBackend* script : scripts_) count += script->connection_count();
    return count;
  }

 private:
  void make_site(const Config& config) {
    auto site = std::make_shared<Site>(config, registry_);
    site->connections = options_;
    for (size_t i = 0; i < scripts_.size(); ++i) site->backends[i]->set_addresses({scripts_[i]->address()});
    context_.loop_site = LoopSite::make(time_.loop(), network_, site, context_.loop_site.get());
  }

  ConnectionPoolOptions options_;
  net::DrivenLoop time_;
  MemoryNetwork network_{time_.loop()};
  observe::MetricRegistry metrics_;
  std::vector<ScriptedBackend*> scripts_;
  BackendRegistry registry_;
  LoopContext context_{time_.loop(), metrics_.make_scope(), 1};
};

}  // namespace roost::proxy
