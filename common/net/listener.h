#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/base/result.h"
#include "common/base/task.h"
#include "common/net/address.h"
#include "common/net/event_loop.h"
#include "common/net/stream.h"

namespace roost::net {

/// The protocol spoken on a stream, known once it is established.
enum class Protocol : uint8_t { http1 };

/// A stream ready for its first request, and what its listener knows about it. The client's address is
/// `stream->peer()`.
struct EstablishedStream {
  StreamPtr stream;
  Address local;  ///< the listener's own address, port known; a wildcard where it listens on every interface
  Protocol protocol = Protocol::http1;
  std::string_view scheme = "http";  ///< of the URIs requested on it (RFC 9110 §4.2); a literal
};

/// Accepts connections on one address of one loop and hands them out once they are established, whatever has to happen
/// on them first. Destroying it stops listening; streams handed out before are not affected. Loop thread only.
class Listener {
 public:
  /// Gets each stream once; dropping it closes the connection. May destroy the listener.
  using OnStream = UniqueFunction<void(EstablishedStream)>;

  virtual ~Listener() = default;
  /// The address bound, with the port the kernel chose where 0 was asked for.
  virtual Address address() const = 0;
  /// For a graceful end: hands out the connections that wait in the backlog (TcpListener::accept_backlog).
  virtual void accept_backlog() = 0;
  /// As TcpListener::exhausted_count().
  virtual uint64_t exhausted_count() const = 0;
};

/// Listens for HTTP/1 over plain TCP: a connection is established as soon as it is accepted. SO_REUSEPORT is set, so
/// that every loop can listen on the same address. Errors are those of TcpListener::listen().
Result<std::unique_ptr<Listener>> listen_plain(EventLoop& loop, const Address& address, Listener::OnStream on_stream);
/// The same on a socket that listens already and stays open after this process has ended. Owns `fd`.
std::unique_ptr<Listener> adopt_plain(EventLoop& loop, int fd, Listener::OnStream on_stream);

}  // namespace roost::net
