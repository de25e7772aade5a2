#include "common/base/check.h"
#include "common/http/http1/server_connection.h"

namespace roost::http {

Server::Server(net::EventLoop& loop, const ServerLimits& limits, RequestAcceptor& acceptor)
    : impl_(std::make_unique<Impl>(loop, limits, acceptor)) {
  ROOST_CHECK(limits.max_fields <= Fields::kMaxFields);
}

Server::~Server() {
  while (ServerConnection* connection = impl_->connections.front()) connection->abort();
}

void Server::adopt(net::StreamPtr stream, std::string_view scheme) {
  ROOST_CHECK(scheme == "http" || scheme == "https");
  // Owned by the list until it closes, and then by the loop's retire list.
  if (!impl_->draining) new ServerConnection(*impl_, std::move(stream), scheme == "https");
}

void Server::set_limits(const ServerLimits& limits) {
  ROOST_CHECK(limits.max_fields <= Fields::kMaxFields);
  impl_->limits = limits;
}

size_t Server::connection_count() const {
  return impl_->connection_count;
}

void Server::drain(int64_t idle_ms) {
  impl_->draining = true;
  impl_->drain_idle_ms = idle_ms;
  ServerConnection* connection = impl_->connections.front();
  while (connection != nullptr) {
    ServerConnection* next = impl_->connections.next(*connection);
    connection->drain();
    connection = next;
  }
}

}  // namespace roost::http
