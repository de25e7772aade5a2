#pragma once

#include <memory>

#include "common/base/result.h"
#include "common/base/task.h"
#include "common/net/address.h"
#include "common/net/event_loop.h"
#include "common/net/stream.h"

namespace roost::net {

/// A listening TCP socket on one loop. With `reuse_port` several loops (or processes) listen on the same address and
/// the kernel spreads connections over them; the socket is made by us, since libuv 1.44 has no flag for SO_REUSEPORT.
class TcpListener {
 public:
  struct Options {
    int backlog = 1024;
    bool reuse_port = false;
  };
  /// Gets each new connection; dropping the pointer closes it.
  using OnAccept = UniqueFunction<void(StreamPtr)>;

  /// Binds and listens. The error names the address, and for a port in use says so and, where /proc tells, who holds
  /// it.
  static Result<std::unique_ptr<TcpListener>> listen(EventLoop& loop, const Address& address, Options options,
                                                     OnAccept on_accept);
  /// Whether the address is free: with `reuse_port` a second instance of the program would share the port in silence,
  /// so it is asked once before the loops listen. The error is that of listen().
  static Result<void> probe(const Address& address);
  ~TcpListener();
  /// The address bound, with the port the kernel chose where 0 was asked for.
  Address address() const;
  /// Stops accepting for a while (limits reached); connections wait in the backlog.
  void pause();
  void resume();

 private:
  struct Impl;
  explicit TcpListener(std::unique_ptr<Impl, void (*)(Impl*)> impl);
  std::unique_ptr<Impl, void (*)(Impl*)> impl_;
};

}  // namespace roost::net
