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
  bool operator==(const ClientLimits&) const = default;
};

/// How far a failed request had come; decides whether it may be sent to another backend.
enum class Progress : uint8_t {
  not_connected,  ///< no connection could be made: the backend has seen nothing of it
  refused,       ///< the backend says it has not processed it (HTTP/2: REFUSED_STREAM, or a stream above GOAWAY's last)
  nothing_back,  ///< bytes were written (at least to the kernel), none came back: it may have been executed
  head_received,  ///< the response had begun
};

/// Events of one request sent to a backend. on_response_end and on_exchange_failed are the last; the receiver may begin
/// another request, or destroy the connection, inside any of them.
class ResponseReceiver {
 public:
  /// An informational response, of a status other than 100 and 101 (RFC 9110 §15.2). Borrowed for the call.
  virtual void on_informational(const ResponseHead& /*head*/) {}
  /// The final response's head (100 is consumed, 101 is an error). Borrowed for the call.
  virtual void on_response_head(const ResponseHead& head) = 0;
  virtual void on_response_body(std::string_view bytes) = 0;
  virtual void on_response_end() = 0;
  /// send_body() had returned false, or the connection has been made and the request is not whole; go on now.
  virtual void on_backend_writable() {}
  virtual void on_exchange_failed(const Error& error, Progress progress) = 0;

 protected:
  ~ResponseReceiver() = default;
};

/// One request under way on a connection, as its sender sees it. The connection owns it; it is valid from begin() until
/// on_response_end, on_exchange_failed or cancel(), whichever is first. Loop thread only.
class RequestStream {
 public:
  /// More of the body. False: wait for on_backend_writable.
  virtual bool send_body(std::span<const Slice> pieces) = 0;
  /// Trailers go along where the body's length was not announced.
  virtual void end_body(FieldBlockView trailers = {}) = 0;
  /// Back-pressure: stop and go on delivering the response.
  virtual void pause() = 0;
  virtual void resume() = 0;
  /// The connection is made, so that bytes of the request may have reached the backend. False while it is being made,
  /// and once it has failed: nothing was sent.
  virtual bool connected() const = 0;
  /// Abandons the request: no event comes any more. A connection that carries one request at a time is closed by it.
  virtual void cancel() = 0;

 protected:
  ~RequestStream() = default;
};

class ClientConnection;

/// What the owner of a connection is told. Each event comes before the receiver of a request hears of the same thing,
/// so that the receiver may begin another request at once.
class ConnectionOwner {
 public:
  virtual void on_connection_open(ClientConnection& connection) = 0;
  /// A request on it has ended, and the connection is still open; reusable() says whether it takes another.
  virtual void on_request_ended(ClientConnection& connection) = 0;
  /// It is closed: it failed, its request was cancelled, or, idle, it was closed by the backend or received bytes that
  /// belong to no request. Last event; the owner retires it, or destroys it at a later turn.
  virtual void on_connection_closed(ClientConnection& connection) = 0;
  /// In place of on_connection_closed: it could not be made.
  virtual void on_connect_failed(ClientConnection& connection, const Error& error) = 0;

 protected:
  ~ConnectionOwner() = default;
};

/// One connection to a backend. Whether it carries one request at a time or several depends on its protocol. Loop
/// thread only. Destroying it closes the socket at once, and no event comes any more; owners retire it when they are
/// inside one of its calls.
class ClientConnection : public net::Retirable {
 public:
  /// Starts connecting over TCP; begin() may be called right away, its bytes wait for the connection.
  static std::unique_ptr<ClientConnection> connect(net::EventLoop& loop, const net::Address& backend,
                                                   const ClientLimits& limits);
  /// The same over a stream that is connecting to `backend`.
  static std::unique_ptr<ClientConnection> over_connecting(net::EventLoop& loop, net::StreamPtr stream,
                                                           const net::Address& backend, const ClientLimits& limits);
  /// Over a stream that is connected already.
  static std::unique_ptr<ClientConnection> over(net::EventLoop& loop, net::StreamPtr stream,
                                                const ClientLimits& limits);

  /// Begins a request, with bounds of its own where it has some: the head and the pieces of the body that are there go
  /// out in one write. With a body of known or unknown length send_body()/end_body() follow until it is whole; with
  /// `none`, or when `body` holds all of a known length, end_body() is not called. Only while connecting with no
  /// request begun, or reusable(). No event comes from inside this call.
  virtual RequestStream& begin(const RequestStart& request, std::span<const Slice> body,
                               ResponseReceiver* receiver) = 0;
  /// Connected, and takes another request now (one request at a time: the last one has ended, and nothing is left
  /// over).
  virtual bool reusable() const = 0;
  /// Null: nobody.
  virtual void set_owner(ConnectionOwner* owner) = 0;
  /// How many requests have been begun on it.
  virtual uint32_t exchange_count() const = 0;
  virtual const net::Address& backend() const = 0;
};

}  // namespace roost::http
