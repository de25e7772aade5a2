#include "proxy/admin/admin.h"

#include <utility>

namespace roost::proxy {
namespace {

http::ServerLimits server_limits() {
  http::ServerLimits limits;
  limits.max_body_bytes = 64 * 1024;  // no route reads a body
  limits.max_connections = 64;        // the longest idle goes first, so that there is room whoever else connects
  return limits;
}

}  // namespace

Admin::Admin(net::EventLoop& loop, AdminRoutes::Parts parts)
    : routes_(loop, std::move(parts)), router_(AdminRoutes::answer_not_found), server_(loop, router_, server_limits()) {
  routes_.add_to(router_);
}

Result<std::unique_ptr<Admin>> Admin::listen(net::EventLoop& loop, const net::Address& address,
                                             AdminRoutes::Parts parts) {
  std::unique_ptr<Admin> admin(new Admin(loop, std::move(parts)));
  auto listener = net::TcpListener::listen(
      loop, address, {}, [server = &admin->server_](net::StreamPtr stream) { server->adopt(std::move(stream)); });
  if (!listener) return tl::unexpected(listener.error());
  admin->listener_ = std::move(*listener);
  return admin;
}

}  // namespace roost::proxy
