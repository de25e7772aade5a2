#pragma once

#include <memory>

#include "common/net/tcp_listener.h"
#include "common/service/app_server.h"
#include "proxy/admin/admin_routes.h"

namespace roost::proxy {

/// The admin listener with its routes, on the main thread's loop; never on a public address. Loop thread only.
class Admin {
 public:
  /// `loop` and what `parts` refers to outlive it. The error says why the address cannot be had.
  static Result<std::unique_ptr<Admin>> listen(net::EventLoop& loop, const net::Address& address,
                                               AdminRoutes::Parts parts);
  net::Address address() const { return listener_->address(); }

 private:
  Admin(net::EventLoop& loop, AdminRoutes::Parts parts);

  AdminRoutes routes_;
  service::Router router_;
  service::AppServer server_;
  std::unique_ptr<net::TcpListener> listener_;
};

}  // namespace roost::proxy
