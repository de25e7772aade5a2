#pragma once

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
/// 10.0.0.1:80, 10.0.0.2:80 and so on, all resolved, in one pool that takes them in turn.
class UpstreamFixture {
 public:
  explicit UpstreamFixture(size_t backend_count, const ConnectionPoolOptions& options = {},
                           Balance balance = Balance::round_robin) {
    std::vector<Backend*> members;
    for (size_t i = 0; i < backend_count; ++i) {
      const std::string host = "10.0.0." + std::to_string(i + 1);
      scripts_.push_back(&network_.listen(host + ":80"));
      backends_.push_back(std::make_unique<Backend>(static_cast<uint32_t>(i), net::HostPort{host, 80}, 1));
      backends_.back()->set_addresses({scripts_.back()->address()});
      members.push_back(backends_.back().get());
      context_.connections.push_back(
          std::make_unique<ConnectionPool>(time_.loop(), network_, *backends_.back(), options));
    }
    pool_ = std::make_unique<Pool>(0, "pool", balance, members);
    context_.budgets.resize(1);
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
  Pool& pool() { return *pool_; }
  ScriptedBackend& script(size_t index) { return *scripts_.at(index); }
  Backend& backend(size_t index) { return *backends_.at(index); }
  ConnectionPool& connections(size_t index) { return context_.connections_to(*backends_.at(index)); }
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
  net::DrivenLoop time_;
  MemoryNetwork network_{time_.loop()};
  observe::MetricRegistry metrics_;
  std::vector<ScriptedBackend*> scripts_;
  std::vector<std::unique_ptr<Backend>> backends_;
  LoopContext context_{time_.loop(), metrics_.make_scope(), 1};
  std::unique_ptr<Pool> pool_;
};

}  // namespace roost::proxy
