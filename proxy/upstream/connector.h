#pragma once

#include <memory>

#include "common/http/client.h"
#include "common/net/event_loop.h"

namespace roost::proxy {

/// Makes the connections to backends that a ConnectionPool asks for: the one place that knows the transport and the
/// version of HTTP. Tests give their own. One per loop; loop thread only.
class Connector {
 public:
  virtual ~Connector() = default;
  /// A connection that is being made; begin() may be called on it at once. Its owner hears on_connection_open or
  /// on_connect_failed, never from inside this call.
  virtual std::unique_ptr<http::ClientConnection> connect(const net::Address& backend,
                                                          const http::ClientLimits& limits) = 0;
};

/// HTTP/1.1 over TCP.
class TcpConnector final : public Connector {
 public:
  explicit TcpConnector(net::EventLoop& loop) : loop_(loop) {}
  std::unique_ptr<http::ClientConnection> connect(const net::Address& backend,
                                                  const http::ClientLimits& limits) override {
    return http::ClientConnection::connect(loop_, backend, limits);
  }

 private:
  net::EventLoop& loop_;
};

}  // namespace roost::proxy
