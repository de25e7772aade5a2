#pragma once

#include <cstdint>
#include <memory>

#include "common/base/result.h"
#include "common/base/task.h"
#include "common/net/address.h"
#include "common/net/event_loop.h"
#include "common/net/stream.h"

namespace roost::net {

/// A listening TCP socket on one loop; loop thread only. With `reuse_port` (SO_REUSEPORT) several loops or processes
/// listen on the same address and the kernel spreads connections over them.
class TcpListener {
 public:
  struct Options {
    int backlog = 1024;
    bool reuse_port = false;
  };
  /// Gets each new connection, with TCP_NODELAY set; dropping the pointer closes it. May pause or destroy the listener.
  using OnAccept = UniqueFunction<void(StreamPtr)>;

  /// Binds and listens. The error names the address and, for a port in use, the process that holds it (see
  /// port_holder.h).
  static Result<std::unique_ptr<TcpListener>> listen(EventLoop& loop, const Address& address, Options options,
                                                     OnAccept on_accept);
  /// The same for a stream socket that listens already, of any family; takes ownership of it.
  static std::unique_ptr<TcpListener> adopt(EventLoop& loop, int fd, OnAccept on_accept);
  /// Checks that the address is free, before several loops listen on it with `reuse_port`: a second instance of the
  /// program would share the port silently. The error is that of listen(). Any thread.
  static Result<void> probe(const Address& address);
  ~TcpListener();
  /// The bound address, with the actual port if 0 was asked for.
  Address address() const;
  /// Stops accepting until resume(); connections wait in the backlog. Both are idempotent.
  void pause();
  void resume();
  /// How many times accepting was suspended for kExhaustedPauseMs because the process or the system was out of
  /// descriptors or memory. Meanwhile connections wait in the backlog.
  uint64_t exhausted_count() const;
  static constexpr int64_t kExhaustedPauseMs = 100;
  /// Connections accepted in one turn of the loop, so that many new ones do not starve the others.
  static constexpr int kMaxAcceptsPerTurn = 64;

 private:
  struct Impl;
  explicit TcpListener(std::unique_ptr<Impl, void (*)(Impl*)> impl);
  std::unique_ptr<Impl, void (*)(Impl*)> impl_;
};

}  // namespace roost::net
