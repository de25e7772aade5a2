#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "common/base/intrusive_list.h"
#include "common/http/client.h"
#include "common/net/event_loop.h"
#include "common/net/timer.h"
#include "proxy/upstream/backend.h"
#include "proxy/upstream/connector.h"

namespace roost::proxy {

struct ConnectionPoolOptions {
  size_t max_idle = 64;              ///< connections kept for reuse, per backend and loop; more are closed
  int64_t idle_timeout_ms = 30'000;  ///< below the idle time-out of usual servers, so that the proxy closes first
  http::ClientLimits limits;
  bool operator==(const ConnectionPoolOptions&) const = default;
};

/// The connections of one loop to one backend. Requests begin here; the pool opens, reuses and closes connections, and
/// reports to the Backend which of them could be made. The most recently used idle connection is reused first, so that
/// those not needed age and are closed. Loop thread only.
class ConnectionPool final {
 public:
  ConnectionPool(net::EventLoop& loop, Connector& connector, Backend& backend, const ConnectionPoolOptions& options);
  /// Closes every connection. Requests under way hear nothing more: whoever began them is gone before.
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  enum class Reuse : uint8_t {
    allowed,
    never,  ///< a new connection in any case: after an idle one turned out to be closed
  };
  struct Begun {
    http::RequestStream& stream;  ///< valid as RequestStream says
    bool reused = false;          ///< its connection had served before, so the backend may have closed it just now
  };
  /// Sends a request (see http::ClientConnection::begin) on an idle connection, or on a new one that is connecting. The
  /// backend is resolved. No event comes from inside this call. When the receiver hears of the end, the connection is
  /// back in the pool already.
  Begun begin(const http::RequestStart& request, std::span<const Slice> body, http::ResponseReceiver* receiver,
              Reuse reuse = Reuse::allowed);

  size_t idle_count() const { return idle_count_; }
  size_t busy_count() const { return busy_count_; }
  Backend& backend() { return backend_; }

 private:
  class Member;
  using Members = IntrusiveList<Member>;

  Member& open(const http::RequestTimeouts* timeouts);
  void make_busy(Member& member);
  void make_idle(Member& member);
  void retire(Member& member);
  void unlink(Member& member);
  void on_idle_timeout();
  void follow_addresses();

  net::EventLoop& loop_;
  Connector& connector_;
  Backend& backend_;
  ConnectionPoolOptions options_;
  Members idle_;  // least recently used first
  Members busy_;  // with a request under way
  size_t idle_count_ = 0;
  size_t busy_count_ = 0;
  uint32_t generation_ = 0;  // of the backend's address, when it was last looked at
  net::Timer idle_timer_;
};

}  // namespace roost::proxy
