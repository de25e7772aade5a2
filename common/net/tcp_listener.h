#pragma once

#include <cstdint>
#include <memory>

#include "common/base/result.h"
#include "common/base/task.h"
#include "common/net/address.h"
#include "common/net/event_loop.h"
#include "common/net/stream.h"

namespace roost::net {

/// A listening TCP socket on one loop; loop thread only. With `reuse_port` several loops (or processes) listen on the
/// same address and the kernel spreads connections over them; the socket is made by us, since libuv 1.44 has no flag
/// for SO_REUSEPORT.
class TcpListener {
 public:
  struct Options {
    int backlog = 1024;
    bool reuse_port = false;
  };
  /// Gets each new connection, TCP_NODELAY set; dropping the pointer closes it. May pause or destroy the listener.
  using OnAccept = UniqueFunction<void(StreamPtr)>;

  /// Binds and listens. The error names the address, and for a port in use says so and, where /proc tells, who holds
  /// it.
  static Result<std::unique_ptr<TcpListener>> listen(EventLoop& loop, const Address& address, Options options,
                                                     OnAccept on_accept);
  /// Whether the address is free (any thread): with `reuse_port` a second instance of the program would share the port
  /// in silence, so it is asked once before the loops listen. The error is that of listen().
  static Result<void> probe(const Address& address);
  ~TcpListener();
  /// The address bound, with the port the kernel chose where 0 was asked for.
  Address address() const;
  /// Stops accepting for a while (limits reached); connections wait in the backlog. Both are idempotent.
  void pause();
  void resume();
  /// How often accepting had to stop for kExhaustedPauseMs, since the process or the system had no descriptor or memory
  /// left for a connection. Meanwhile connections wait in the backlog.
  uint64_t exhausted_count() const;
  static constexpr int64_t kExhaustedPauseMs = 100;
  /// Connections taken in one turn, so that a flood of them does not starve those already here.
  static constexpr int kMaxAcceptsPerTurn = 64;

 private:
  struct Impl;
  explicit TcpListener(std::unique_ptr<Impl, void (*)(Impl*)> impl);
  std::unique_ptr<Impl, void (*)(Impl*)> impl_;
};

}  // namespace roost::net
