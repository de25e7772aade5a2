#include "proxy/upstream/connection_pool.h"

#include <algorithm>

namespace roost::proxy {

ConnectionPool::ConnectionPool(net::EventLoop& loop, Backend& backend, const ConnectionPoolOptions& options)
    : loop_(loop),
      backend_(backend),
      options_(options),
      generation_(backend.address_generation()),
      idle_timer_(net::Timer::of<&ConnectionPool::on_idle_timeout>(loop.timers(), this)) {}

ConnectionPool::~ConnectionPool() {
  backend_.statistics().idle_connections.fetch_sub(static_cast<int64_t>(idle_.size()), std::memory_order_relaxed);
}

ConnectionPool::Taken ConnectionPool::take() {
  if (backend_.address_generation() != generation_) follow_addresses();
  if (idle_.empty()) return take_new();
  Taken taken{std::move(idle_.back().connection), true};
  idle_.pop_back();
  backend_.statistics().idle_connections.fetch_sub(1, std::memory_order_relaxed);
  return taken;
}

ConnectionPool::Taken ConnectionPool::take_new() {
  backend_.statistics().connections.fetch_add(1, std::memory_order_relaxed);
  return {http::ClientConnection::connect(loop_, backend_.current_address(), options_.limits), false};
}

void ConnectionPool::give_back(std::unique_ptr<http::ClientConnection> connection) {
  if (!connection->reusable() || options_.max_idle == 0) return discard(std::move(connection));
  if (idle_.size() >= options_.max_idle) close_oldest();
  connection->set_idle(this);
  idle_.push_back({std::move(connection), loop_.now_ms()});
  backend_.statistics().idle_connections.fetch_add(1, std::memory_order_relaxed);
  // The timer is not moved with each use: it looks at the oldest when it fires, and starts again for the next.
  if (!idle_timer_.active()) idle_timer_.start_ms(options_.idle_timeout_ms);
}

void ConnectionPool::discard(std::unique_ptr<http::ClientConnection> connection) {
  if (connection) loop_.retire(std::move(connection));
}

void ConnectionPool::on_idle_connection_closed(http::ClientConnection& connection) {
  const auto found =
      std::find_if(idle_.begin(), idle_.end(), [&](const Idle& idle) { return idle.connection.get() == &connection; });
  if (found == idle_.end()) return;
  loop_.retire(std::move(found->connection));
  idle_.erase(found);
  backend_.statistics().idle_connections.fetch_sub(1, std::memory_order_relaxed);
}

void ConnectionPool::close_oldest() {
  loop_.retire(std::move(idle_.front().connection));
  idle_.pop_front();
  backend_.statistics().idle_connections.fetch_sub(1, std::memory_order_relaxed);
}

void ConnectionPool::on_idle_timeout() {
  while (!idle_.empty() && loop_.now_ms() - idle_.front().since_ms >= options_.idle_timeout_ms) close_oldest();
  if (idle_.empty()) return;
  idle_timer_.start_ms(idle_.front().since_ms + options_.idle_timeout_ms - loop_.now_ms());
}

void ConnectionPool::follow_addresses() {
  generation_ = backend_.address_generation();
  const auto addresses = backend_.addresses();
  const auto moved = std::stable_partition(idle_.begin(), idle_.end(), [&](const Idle& idle) {
    return std::find(addresses->begin(), addresses->end(), idle.connection->backend()) != addresses->end();
  });
  for (auto it = moved; it != idle_.end(); ++it) loop_.retire(std::move(it->connection));
  backend_.statistics().idle_connections.fetch_sub(idle_.end() - moved, std::memory_order_relaxed);
  idle_.erase(moved, idle_.end());
}

}  // namespace roost::proxy
