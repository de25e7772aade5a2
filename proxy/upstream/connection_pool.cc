#include "proxy/upstream/connection_pool.h"

#include <algorithm>

namespace roost::proxy {

/// One connection and its place in the pool's lists, which own it.
class ConnectionPool::Member final : public ListLink<>, public net::Retirable, private http::ConnectionOwner {
 public:
  Member(ConnectionPool& pool, std::unique_ptr<http::ClientConnection> connection)
      : pool_(pool), connection_(std::move(connection)) {
    connection_->set_owner(this);
  }

  http::ClientConnection& connection() { return *connection_; }
  bool idle() const { return idle_since_ms_ >= 0; }
  int64_t idle_since_ms() const { return idle_since_ms_; }
  void set_idle_since_ms(int64_t now_ms) { idle_since_ms_ = now_ms; }
  void set_busy() { idle_since_ms_ = -1; }

 private:
  void on_retired() override { connection_->on_retired(); }
  void on_connection_open(http::ClientConnection&) override { pool_.backend_.report_connected(); }
  void on_request_ended(http::ClientConnection&) override {
    connection_->reusable() ? pool_.make_idle(*this) : pool_.retire(*this);
  }
  void on_connection_closed(http::ClientConnection&) override { pool_.retire(*this); }
  void on_connect_failed(http::ClientConnection&, const Error& error) override {
    pool_.backend_.report_connect_failure(connection_->backend(), error.code);
    pool_.retire(*this);
  }

  ConnectionPool& pool_;
  std::unique_ptr<http::ClientConnection> connection_;
  int64_t idle_since_ms_ = -1;  // -1 with a request under way
};

ConnectionPool::ConnectionPool(net::EventLoop& loop, Connector& connector, Backend& backend,
                               const ConnectionPoolOptions& options)
    : loop_(loop),
      connector_(connector),
      backend_(backend),
      options_(options),
      generation_(backend.address_generation()),
      idle_timer_(net::Timer::of<&ConnectionPool::on_idle_timeout>(loop.timers(), this)) {}

ConnectionPool::~ConnectionPool() {
  while (!idle_.empty()) retire(*idle_.front());
  while (!busy_.empty()) retire(*busy_.front());
}

ConnectionPool::Begun ConnectionPool::begin(const http::RequestStart& request, std::span<const Slice> body,
                                            http::ResponseReceiver* receiver, Reuse reuse) {
  if (reuse == Reuse::allowed && backend_.address_generation() != generation_) follow_addresses();
  const bool reused = reuse == Reuse::allowed && !idle_.empty();
  Member& member = reused ? *idle_.back() : open(request.timeouts);
  if (reused) make_busy(member);
  return {member.connection().begin(request, body, receiver), reused};
}

ConnectionPool::Member& ConnectionPool::open(const http::RequestTimeouts* timeouts) {
  backend_.statistics().connections.fetch_add(1, std::memory_order_relaxed);
  http::ClientLimits limits = options_.limits;
  if (timeouts != nullptr) limits.connect_timeout_ms = timeouts->connect_ms;
  auto member = std::make_unique<Member>(*this, connector_.connect(backend_.address(), limits));
  busy_.push_back(*member);
  ++busy_count_;
  return *member.release();  // the list's until retire()
}

void ConnectionPool::make_busy(Member& member) {
  unlink(member);
  member.set_busy();
  busy_.push_back(member);
  ++busy_count_;
}

// With as many idle ones as may be, the least recently used makes room.
void ConnectionPool::make_idle(Member& member) {
  if (options_.max_idle == 0) return retire(member);
  if (idle_count_ >= options_.max_idle) retire(*idle_.front());
  unlink(member);
  member.set_idle_since_ms(loop_.now_ms());
  idle_.push_back(member);
  ++idle_count_;
  backend_.statistics().idle_connections.fetch_add(1, std::memory_order_relaxed);
  // The timer is not moved with each use: when it fires it looks at the oldest, and starts again for that.
  if (!idle_timer_.active()) idle_timer_.start_ms(options_.idle_timeout_ms);
}

// Closes it now, and frees it at the end of the loop's turn: one of its calls may be on the stack.
void ConnectionPool::retire(Member& member) {
  unlink(member);
  loop_.retire(std::unique_ptr<Member>(&member));
}

void ConnectionPool::unlink(Member& member) {
  static_cast<ListLink<>&>(member).unlink();
  if (!member.idle()) {
    --busy_count_;
    return;
  }
  --idle_count_;
  backend_.statistics().idle_connections.fetch_sub(1, std::memory_order_relaxed);
}

void ConnectionPool::on_idle_timeout() {
  const int64_t now_ms = loop_.now_ms();
  while (!idle_.empty() && now_ms - idle_.front()->idle_since_ms() >= options_.idle_timeout_ms) retire(*idle_.front());
  if (!idle_.empty()) idle_timer_.start_ms(idle_.front()->idle_since_ms() + options_.idle_timeout_ms - now_ms);
}

// The backend has another address now: idle connections to the one before are closed.
void ConnectionPool::follow_addresses() {
  generation_ = backend_.address_generation();
  const net::Address address = backend_.address();
  for (Member* member = idle_.front(); member != nullptr;) {
    Member* next = idle_.next(*member);
    if (!(member->connection().backend() == address)) retire(*member);
    member = next;
  }
}

}  // namespace roost::proxy
