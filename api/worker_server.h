#pragma once

#include <memory>
#include <string>

#include "api/http/call_metrics.h"
#include "api/http/cors_decorator.h"
#include "api/http/origin_guard.h"
#include "common/net/tcp_listener.h"
#include "common/service/app_server.h"

namespace roost::api {

/// The worker's HTTP side: listener, router and server. Loop thread only.
class WorkerServer {
 public:
  /// The largest body of a request; a larger one is answered 413.
  static constexpr uint64_t kMaxBodyBytes = 64 * 1024;

  struct Options {
    std::string address;  ///< "127.0.0.1:9001"
    std::vector<std::string> cors_origins;
  };
  /// Binds the port, so that a second worker on it fails before it touches any file; accepts nobody before serve().
  /// Both outlive it.
  static Result<std::unique_ptr<WorkerServer>> listen(const Options& options, net::EventLoop& loop,
                                                      observe::MetricScope& scope);

  /// Routes and observers are added before serve().
  service::Router& router() { return router_; }
  void add_observer(service::CallObserver& observer) { server_.add_observer(observer); }
  void serve() { listener_->resume(); }

  const net::Address& address() const { return address_; }
  /// Closes the port and drains the connections (http::Server::drain).
  void drain();
  /// Whether no request is under way and no connection is open.
  bool idle() const { return server_.idle(); }

 private:
  WorkerServer(const Options& options, net::EventLoop& loop, observe::MetricScope& scope);

  service::Router router_;
  CallMetrics metrics_;
  CorsDecorator cors_;
  OriginGuard origins_;
  service::AppServer server_;
  std::unique_ptr<net::TcpListener> listener_;
  net::Address address_;
};

}  // namespace roost::api
