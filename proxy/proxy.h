#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "common/net/event_loop.h"
#include "common/net/resolver.h"
#include "common/net/timer.h"
#include "proxy/admin/admin.h"
#include "proxy/loop_thread.h"
#include "proxy/runtime/runtime.h"
#include "proxy/upstream/backend_watch.h"

namespace roost::proxy {

/// The whole proxy: loop threads, admin listener, backend watch, signals. Main thread.
class Proxy {
 public:
  /// Listens on `passed` where they have an address that it is to listen on.
  Proxy(const Config& config, service::PassedSockets passed, observe::EventLog& events);

  /// Opens logs and listeners. The error names the file or the address; for a port in use, also the process that holds
  /// it.
  Result<void> open();
  /// Serves until SIGTERM, SIGINT or SIGQUIT, then shuts down gracefully, within drain_timeout; a second one ends it at
  /// once. SIGUSR1 and SIGHUP reopen the access log; SIGUSR2 has no effect.
  void run();

 private:
  Result<void> probe_addresses(const std::vector<net::Address>& addresses) const;
  AdminRoutes::Parts admin_parts();
  void handle_signals();
  void reopen_logs(std::string_view signal);
  void set_connection_cap(uint64_t threads);
  void look_at_memory();
  void begin_drain();
  void on_news(const BackendNews& news);

  observe::EventLog& events_;
  Runtime runtime_;
  net::EventLoop loop_;  // the main thread's: admin, resolver, watch, signals
  net::Resolver resolver_;
  TcpConnector connector_;  // of the watch's probes
  std::unique_ptr<BackendWatch> watch_;
  net::Timer memory_timer_;
  std::unique_ptr<Admin> admin_;
  std::vector<std::unique_ptr<LoopThread>> loop_threads_;
  size_t drained_ = 0;  // threads that have finished
  bool draining_ = false;
};

}  // namespace roost::proxy
