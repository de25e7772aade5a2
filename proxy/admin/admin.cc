#include "proxy/admin/admin.h"

#include <utility>

#include <unistd.h>

#include "common/net/unix_socket.h"

namespace roost::proxy {
namespace {

http::ServerLimits server_limits() {
  http::ServerLimits limits;
  limits.max_body_bytes = 64 * 1024;  // no route reads a body
  limits.max_connections = 64;        // the longest idle goes first, so that there is room whoever else connects
  return limits;
}

}  // namespace

Admin::Admin(net::EventLoop& loop, const AdminSection& access, AdminRoutes::Parts parts)
    : routes_(loop, std::move(parts)),
      access_({access.hosts, access.token}),
      router_(AdminRoutes::answer_not_found),
      server_(loop, router_, server_limits()) {
  routes_.add_to(router_);
  server_.add_guard(access_);
}

Admin::~Admin() {
  listener_.reset();
  if (!socket_path_.empty()) ::unlink(socket_path_.c_str());
}

std::string Admin::address() const {
  return socket_path_.empty() ? listener_->address().to_string() : "unix:" + socket_path_;
}

Result<std::unique_ptr<Admin>> Admin::listen(net::EventLoop& loop, const Config& config, AdminRoutes::Parts parts) {
  std::unique_ptr<Admin> admin(new Admin(loop, config.admin, std::move(parts)));
  auto adopt = [server = &admin->server_](net::StreamPtr stream) { server->adopt(std::move(stream)); };
  if (const std::string path(config.admin_socket()); !path.empty()) {
    const auto fd = net::listen_on_path(path);
    if (!fd) return tl::unexpected(fd.error());
    admin->socket_path_ = path;
    admin->listener_ = net::TcpListener::adopt(loop, *fd, {}, adopt);
    return admin;
  }
  auto listener = net::TcpListener::listen(loop, *config.admin_address(), {}, adopt);
  if (!listener) return tl::unexpected(listener.error());
  admin->listener_ = std::move(*listener);
  return admin;
}

}  // namespace roost::proxy
