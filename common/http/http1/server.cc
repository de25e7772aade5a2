#include <algorithm>

#include "common/base/check.h"
#include "common/base/memory_scope.h"
#include "common/http/http1/server_connection.h"

namespace roost::http {

using Verdict = ConnectionGate::Verdict;

Server::Server(net::EventLoop& loop, const ServerLimits& limits, RequestAcceptor& acceptor)
    : impl_(std::make_unique<Impl>(loop, limits, acceptor)) {
  ROOST_CHECK(limits.max_fields <= Fields::kMaxFields);
}

Server::~Server() {
  while (ServerConnection* connection = impl_->connections.front()) connection->abort();
}

void Server::adopt(net::StreamPtr stream, std::string_view scheme) {
  ROOST_CHECK(scheme == "http" || scheme == "https");
  if (impl_->draining) return;
  const bool https = scheme == "https";
  const Verdict verdict = admit(stream->peer());
  // Owned by the list until it closes, and then by the loop's retire list.
  if (verdict == Verdict::admitted) {
    const net::Address client = stream->peer();
    run_refusable([&] { new ServerConnection(*impl_, std::move(stream), https, true); },
                  [&] {
                    if (impl_->gate != nullptr) impl_->gate->on_closed(client);
                    impl_->acceptor.on_limit(Limit::memory);
                  });
    return;
  }
  const bool of_address = verdict == Verdict::address_full;
  impl_->acceptor.on_limit(of_address ? Limit::connections_of_address : Limit::connections);
  if (impl_->turned_away >= kMaxTurnedAway) return;
  auto* connection = new ServerConnection(*impl_, std::move(stream), https, false);
  if (of_address) return connection->refuse({.status = 429, .why = "too many connections from this address"});
  connection->refuse({.status = 503, .why = "too many connections; try again later"});
}

ConnectionGate::Verdict Server::admit(const net::Address& client) {
  const size_t most = impl_->limits.max_connections;
  const size_t present = impl_->connection_count - impl_->turned_away;
  if (most > 0 && present >= most && !close_longest_idle()) return Verdict::full;
  if (impl_->gate == nullptr) return Verdict::admitted;
  Verdict verdict = impl_->gate->admit(client);
  if (verdict == Verdict::full && close_longest_idle()) verdict = impl_->gate->admit(client);
  if (verdict == Verdict::full) impl_->gate->ask_for_room();
  return verdict;
}

void Server::set_gate(ConnectionGate& gate) {
  impl_->gate = &gate;
}

// Those that were looked at go to the end of the list, so that all get their turn.
bool Server::close_longest_idle() {
  ServerConnection* longest = nullptr;
  int64_t longest_ms = kLeastIdleMs - 1;
  const size_t looks = std::min(kIdleLooks, impl_->connection_count);
  for (size_t i = 0; i < looks; ++i) {
    ServerConnection& connection = *impl_->connections.pop_front();
    impl_->connections.push_back(connection);
    const int64_t idle_ms = connection.idle_ms();
    if (idle_ms <= longest_ms) continue;
    longest = &connection;
    longest_ms = idle_ms;
  }
  if (longest == nullptr) return false;
  longest->abort();
  impl_->acceptor.on_limit(Limit::made_room);
  return true;
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
