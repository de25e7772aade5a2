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
  static constexpr int kBacklog = 1024;  ///< connections that may wait to be accepted
  struct Options {
    int backlog = kBacklog;
    bool reuse_port = false;
    bool shared = false;  ///< Of adopt(): other processes listen on the socket too, or will when this one has ended.
  };
  /// Gets each new connection, with TCP_NODELAY set; dropping the pointer closes it. May pause or destroy the listener.
  using OnAccept = UniqueFunction<void(StreamPtr)>;

  /// Binds and listens. The error names the address and, for a port in use, the process that holds it (see
  /// port_holder.h).
  static Result<std::unique_ptr<TcpListener>> listen(EventLoop& loop, const Address& address, Options options,
                                                     OnAccept on_accept);
  /// The same for a stream socket that listens already, of any family; takes ownership of it.
  static std::unique_ptr<TcpListener> adopt(EventLoop& loop, int fd, Options options, OnAccept on_accept);
  /// Sets on a listening TCP socket what its connections inherit: TCP_NODELAY, and kMaxUnsentBytes.
  static void set_connection_options(int fd);
  /// Checks that the address is free, before several loops listen on it with `reuse_port`: a second instance of the
  /// program would share the port silently. The error is that of listen(). Any thread.
  static Result<void> probe(const Address& address);
  ~TcpListener();
  /// The bound address, with the actual port if 0 was asked for.
  Address address() const;
  /// Stops accepting until resume(); connections wait in the backlog. Both are idempotent.
  void pause();
  void resume();
  /// For a graceful end, before the listener is destroyed: completes no further connection (a client that tries is made
  /// to try again a second later, and refused then), and hands out all that wait in the backlog, which would be reset.
  /// OnAccept must not destroy the listener meanwhile. Of a shared socket both is left to whoever listens on it next.
  void accept_backlog();
  /// How many times accepting was suspended for kExhaustedPauseMs because the process or the system was out of
  /// descriptors or memory. Meanwhile connections wait in the backlog.
  uint64_t exhausted_count() const;
  static constexpr int64_t kExhaustedPauseMs = 100;
  /// Connections accepted in one turn of the loop, so that many new ones do not starve the others.
  static constexpr int kMaxAcceptsPerTurn = 64;
  /// Bytes that the kernel takes for a connection beyond what it has sent already (TCP_NOTSENT_LOWAT). Without it a few
  /// hundred peers that do not read take 4 MiB each (tcp_wmem) and with it all the memory that the system has for TCP.
  static constexpr int kMaxUnsentBytes = 256 * 1024;

 private:
  struct Impl;
  explicit TcpListener(std::unique_ptr<Impl, void (*)(Impl*)> impl);
  std::unique_ptr<Impl, void (*)(Impl*)> impl_;
};

}  // namespace roost::net
