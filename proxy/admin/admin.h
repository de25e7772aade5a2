#pragma once

#include <memory>
#include <string>

#include "common/net/tcp_listener.h"
#include "common/service/app_server.h"
#include "proxy/admin/admin_access.h"
#include "proxy/admin/admin_routes.h"
#include "proxy/config/config.h"

namespace roost::proxy {

/// The admin listener with its routes, on the main thread's loop; never on a public address. Loop thread only.
class Admin {
 public:
  /// At `[proxy] admin`, which is not off. `loop` and what `parts` refers to outlive it. The error says why the address
  /// cannot be had.
  static Result<std::unique_ptr<Admin>> listen(net::EventLoop& loop, const Config& config, AdminRoutes::Parts parts);
  /// Removes the file of a Unix socket.
  ~Admin();
  /// "127.0.0.1:8081", "unix:/run/roost/admin".
  std::string address() const;

 private:
  Admin(net::EventLoop& loop, const AdminSection& access, AdminRoutes::Parts parts);

  AdminRoutes routes_;
  AdminAccess access_;
  service::Router router_;
  service::AppServer server_;
  std::string socket_path_;  // empty for an address
  std::unique_ptr<net::TcpListener> listener_;
};

}  // namespace roost::proxy
