#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/base/block.h"
#include "common/base/intrusive_list.h"
#include "common/base/rate_meter.h"
#include "common/base/result.h"
#include "common/http/message.h"
#include "common/net/event_loop.h"
#include "common/net/stream.h"

namespace roost::http {

/// What a client has to take of a response while bytes of it wait; time in which none does is not counted.
struct SendLimits {
  int64_t progress_ms = 30'000;  ///< something within this time
  LeastRate rate{};              ///< and as much as this; off by default
};

/// Bounds of a client's connection. What exceeds one is answered: 431 head, 414 target, 413 body, 408 time-out of a
/// head or body begun, or a body that comes too slowly; an idle connection is closed without a word, and a client that
/// does not take its response is reset.
struct ServerLimits {
  size_t max_head_bytes = 16 * 1024;
  size_t max_target_bytes = 8 * 1024;
  size_t max_fields = 100;  ///< at most Fields::kMaxFields
  uint64_t max_body_bytes = 64ULL << 20;
  int64_t first_request_timeout_ms = 10'000;  ///< from a connection's beginning to its first byte
  int64_t head_timeout_ms = 10'000;           ///< from a head's first byte to its last
  int64_t body_idle_timeout_ms = 30'000;      ///< between two pieces of a body
  LeastRate body_rate{};                      ///< of a body while it is being read; off by default
  int64_t idle_timeout_ms = 60'000;           ///< between two requests
  SendLimits send{};                          ///< of a response's bytes that wait for the client; no rate by default
  uint32_t max_requests = 0;                  ///< on one connection, whose last answer says so; 0: no limit
  size_t max_connections = 0;                 ///< of this Server; see Server::adopt. 0: no limit
};

/// A limit that cost a connection or a request, for counters.
enum class Limit : uint8_t {
  connections,             ///< the new connection was refused: 503
  connections_of_address,  ///< the new connection was refused: 429
  made_room,               ///< an idle connection was closed for a new one
  first_request_time,      ///< closed: no byte of a first request
  head_time,               ///< 408
  body_time,               ///< 408: no byte of the body
  body_rate,               ///< 408: the body came too slowly
  send_time,               ///< reset: the client took no byte of its response
  send_rate,               ///< reset: the client took its response too slowly
  memory,                  ///< there was none for the request: 503, or closed where its response had begun
};
constexpr size_t kLimits = 10;

/// Says which connections a Server may take; shared by the servers of several loops, so that all count together. Any
/// thread.
class ConnectionGate {
 public:
  enum class Verdict : uint8_t { admitted, full, address_full };
  /// `admitted` is counted until on_closed().
  virtual Verdict admit(const net::Address& client) = 0;
  virtual void on_closed(const net::Address& client) = 0;
  /// A connection could not be admitted, and the server that asked has no idle one: another should close one.
  virtual void ask_for_room() {}

 protected:
  ~ConnectionGate() = default;
};

class Responder;

/// A message that could not become a request: malformed, over a limit, or too slow.
struct RefusedRequest {
  int status = 400;
  std::string_view why = {};  ///< for a person
  /// As much of the request line as could be read, for logs; empty where it is none.
  std::string_view method = {};
  std::string_view target = {};
  const RequestHead* head = nullptr;  ///< null unless the whole head could be read
};

/// What happens to one request after its head. Nothing comes any more once the response was ended or aborted, or after
/// on_client_gone; until then the receiver must stay. All calls come after on_request has returned.
class RequestReceiver {
 public:
  /// A piece of the request's body, free of its framing, borrowed for the call.
  virtual void on_request_body(std::string_view bytes) = 0;
  /// The request is whole; once for each, with or without a body.
  virtual void on_request_end() = 0;
  /// send_body() had returned false; go on now.
  virtual void on_client_writable() {}
  /// The client is gone, broke the rules, or was too slow, before the response was complete. The Responder is not to be
  /// used any more, but where no response has begun and the client can be told: then the error's code is a status (400,
  /// 408, 413), and the error may be told with Responder::respond() inside this call; else the connection does.
  virtual void on_client_gone(const Error& error) = 0;

 protected:
  ~RequestReceiver() = default;
};

/// The way back to the client for one request, whatever the HTTP version under it. Valid from on_request until the
/// response has been ended or aborted, or on_client_gone was called; client() and body_bytes_sent() may be read up to
/// the end of the loop's turn in which that was. On a connection that is closed all calls do nothing. No call makes an
/// event happen before it returns. Loop thread only.
class Responder {
 public:
  /// Who gets this request's body and end. To be called inside on_request, before anything else; not needed when the
  /// whole response is sent inside on_request: a body is then read and dropped.
  ///
  /// Behind respond() inside on_request it asks to hear how that ends. False: the client has taken it, or nearly. True:
  /// once, on_client_writable says that it has, or on_client_gone that it never will.
  virtual bool attach(RequestReceiver* receiver) = 0;
  /// The whole response at once: one system call where the kernel takes it. Ends the request. `body` holds all that
  /// `start.body` announces (a length that is not announced is counted).
  virtual void respond(const ResponseStart& start, std::span<const Slice> body) = 0;
  /// A response in pieces: head, body pieces, end. The bool says whether to go on; false: wait for on_client_writable.
  /// A head with a status of 102 to 199 but 101 is one more before it (RFC 9110 §15.2); not sent to HTTP/1.0 clients.
  virtual bool send_head(const ResponseStart& start, std::span<const Slice> first_body = {}) = 0;
  virtual bool send_body(std::span<const Slice> pieces) = 0;
  /// With fewer bytes than announced: abort(). Trailers are sent where the body's length was not announced and the
  /// client's HTTP has them; else they are left out, as any recipient may (RFC 9110 §6.5).
  virtual void end(FieldBlockView trailers = {}) = 0;
  /// Gives up in the middle: the client must see that the body is not whole.
  virtual void abort() = 0;
  /// Stops and goes on with the request's body. 100 Continue, when the client waits for it, is sent by itself: on the
  /// first resume_body(), or behind on_request when the body was not paused there.
  virtual void pause_body() = 0;
  virtual void resume_body() = 0;
  virtual const net::Address& client() const = 0;
  /// Bytes of the response's body written to the client so far, without head and framing; for the access log.
  virtual uint64_t body_bytes_sent() const = 0;

 protected:
  ~Responder() = default;
};

/// Who answers requests: the proxy's front, the API's routes. One per loop.
class RequestAcceptor {
 public:
  virtual void on_request(Responder& responder, const RequestHead& head) = 0;
  /// A message could not become a request. May answer inside this call, with Responder::respond(); else the connection
  /// answers. It closes behind the answer. What breaks after on_request is told through the RequestReceiver instead.
  virtual void on_refused(Responder& responder, const RefusedRequest& refused) = 0;
  /// A client ran into a limit of the connection; for counters. What it was answered is told by on_refused or
  /// on_client_gone.
  virtual void on_limit(Limit) {}

 protected:
  ~RequestAcceptor() = default;
};

/// One client's connection: reads requests, strictly (docs/http.md), hands each to the acceptor and writes its
/// response. Belongs to a Server, which keeps it until it is closed.
class ServerConnection;

/// All client connections of one loop: adopts streams, counts them, drains. Loop thread only.
class Server {
 public:
  Server(net::EventLoop& loop, const ServerLimits& limits, RequestAcceptor& acceptor);
  /// Closes every connection at once, without an event; may be called from inside one.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// `scheme`: what requests that come on it have asked for, "http" or "https". Beyond `max_connections`, or where the
  /// gate says "full", the longest idle connection is closed to make room. If none is, the new one is answered 503 (429
  /// where its address has too many) and closed; at most kMaxTurnedAway are being answered so, others are closed at
  /// once.
  void adopt(net::StreamPtr stream, std::string_view scheme = "http");
  static constexpr size_t kMaxTurnedAway = 16;
  /// Connections from now on need its admission; it outlives the server. Before the first adopt().
  void set_gate(ConnectionGate& gate);
  /// Closes the connection that has waited longest for a request, or for the rest of its head, if there is one that has
  /// waited kLeastIdleMs. Of many connections, the longest idle of the kIdleLooks least lately looked at.
  bool close_longest_idle();
  static constexpr int64_t kLeastIdleMs = 10;  ///< so that of many that come in one turn each is looked at
  static constexpr size_t kIdleLooks = 64;
  /// For requests from now on, on the connections there are as well.
  void set_limits(const ServerLimits& limits);
  size_t connection_count() const;
  /// No further connection. Every connection ends with its next response, or the one under way ("Connection: close").
  /// Idle ones are given `idle_ms` to send a request, which may be on its way already; 0 closes them now.
  void drain(int64_t idle_ms = 0);

 private:
  friend class ServerConnection;
  struct Impl;
  ConnectionGate::Verdict admit(const net::Address& client);
  std::unique_ptr<Impl> impl_;
};

}  // namespace roost::http
