#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "common/http/client.h"
#include "common/net/event_loop.h"
#include "common/net/timer.h"
#include "proxy/upstream/backend.h"

namespace roost::proxy {

struct ConnectionPoolOptions {
  size_t max_idle = 64;              ///< connections kept for reuse, per backend and loop; more are closed
  int64_t idle_timeout_ms = 30'000;  ///< below the idle time-out of usual servers, so that we close first
  http::ClientLimits limits;
};

/// The connections of one loop to one backend that wait for their next request. The most recently used is taken first,
/// so that those not needed age and are closed. Loop thread only.
class ConnectionPool final : public http::IdleObserver {
 public:
  ConnectionPool(net::EventLoop& loop, Backend& backend, const ConnectionPoolOptions& options);
  /// Closes the idle ones; those taken belong to their takers.
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  struct Taken {
    std::unique_ptr<http::ClientConnection> connection;
    bool reused = false;  ///< it has served before, so the backend may have closed it just now
  };
  /// An idle connection, or a new one that is connecting. The backend is resolved.
  Taken take();
  /// A new one in any case: for a second attempt after a reused one turned out to be closed.
  Taken take_new();
  /// Keeps the connection if it is reusable and there is room, else closes it at the end of the turn. To be called
  /// after on_response_end, or instead of it to give up.
  void give_back(std::unique_ptr<http::ClientConnection> connection);
  void discard(std::unique_ptr<http::ClientConnection> connection);

  size_t idle_count() const { return idle_.size(); }
  Backend& backend() { return backend_; }

 private:
  void on_idle_connection_closed(http::ClientConnection& connection) override;
  void on_idle_timeout();
  void close_oldest();
  /// The name points elsewhere now: what is connected to an address it no longer has is closed.
  void follow_addresses();

  struct Idle {
    std::unique_ptr<http::ClientConnection> connection;
    int64_t since_ms;
  };
  net::EventLoop& loop_;
  Backend& backend_;
  ConnectionPoolOptions options_;
  std::deque<Idle> idle_;  // oldest first
  uint32_t generation_ = 0;
  net::Timer idle_timer_;
};

}  // namespace roost::proxy
