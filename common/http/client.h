#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "common/base/block.h"
#include "common/base/result.h"
#include "common/http/message.h"
#include "common/net/address.h"
#include "common/net/event_loop.h"
#include "common/net/stream.h"

namespace roost::http {

/// Bounds of a connection to a backend.
struct ClientLimits {
  size_t max_head_bytes = 32 * 1024;
  size_t max_fields = 128;
  int64_t connect_timeout_ms = 2'000;
  int64_t head_timeout_ms = 60'000;       ///< from the request's last byte to the response head's last
  int64_t body_idle_timeout_ms = 60'000;  ///< between two pieces of the response's body
  int64_t write_timeout_ms = 30'000;      ///< without progress while bytes of the request are queued
};

/// How far a failed exchange had come; decides whether it may be tried elsewhere.
enum class Progress : uint8_t {
  not_connected,  ///< the backend has seen nothing of it
  nothing_back,  ///< bytes were written (at least to the kernel), no byte of a response came: it may have been executed
  head_received,  ///< the response had begun
};

/// Events of one exchange with a backend. on_response_end and on_exchange_failed are the last; the receiver may destroy
/// or reuse the connection inside any of them.
class ResponseReceiver {
 public:
  /// The final response's head (1xx are taken care of, 101 is an error). Borrowed for the call.
  virtual void on_response_head(const ResponseHead& head) = 0;
  virtual void on_response_body(std::string_view bytes) = 0;
  virtual void on_response_end() = 0;
  /// send_body() had returned false; go on now.
  virtual void on_backend_writable() {}
  virtual void on_exchange_failed(const Error& error, Progress progress) = 0;

 protected:
  ~ResponseReceiver() = default;
};

class ClientConnection;

/// Told when an idle connection ends by itself (closed by the backend, or bytes nobody asked for); it destroys the
/// connection there.
class IdleObserver {
 public:
  virtual void on_idle_connection_closed(ClientConnection& connection) = 0;

 protected:
  ~IdleObserver() = default;
};

/// One HTTP/1 connection to a backend, one exchange at a time. State table in client_connection.cc. Loop thread only.
/// Destroying it closes the socket at once, and no event comes any more; owners retire it when they are inside one of
/// its calls.
class ClientConnection : public net::Retirable {
 public:
  /// Starts connecting at once; start() may be called right away, its bytes wait for the connection.
  static std::unique_ptr<ClientConnection> connect(net::EventLoop& loop, const net::Address& backend,
                                                   const ClientLimits& limits);
  /// The same over a stream that is connected already (tests; TLS later).
  static std::unique_ptr<ClientConnection> over(net::EventLoop& loop, net::StreamPtr stream,
                                                const ClientLimits& limits);

  /// Begins an exchange: the head and the pieces of the body that are there go out in one write. With a body of known
  /// or unknown length send_body()/end_body() follow until it is whole; with `none`, or when `body` holds all of a
  /// known length, end_body() is not called.
  virtual void start(const RequestStart& request, std::span<const Slice> body, ResponseReceiver* receiver) = 0;
  virtual bool send_body(std::span<const Slice> pieces) = 0;
  virtual void end_body() = 0;
  /// Back-pressure: stop and go on reading the response.
  virtual void pause() = 0;
  virtual void resume() = 0;
  /// After on_response_end: whether another exchange may follow on it (keep-alive, nothing left over).
  virtual bool reusable() const = 0;
  /// From here on the connection waits in a pool, watched for its end.
  virtual void set_idle(IdleObserver* observer) = 0;
  /// How many exchanges have been started on it.
  virtual uint32_t exchange_count() const = 0;
  virtual const net::Address& backend() const = 0;
};

}  // namespace roost::http
