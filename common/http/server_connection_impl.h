#pragma once

#include <string>

#include <llhttp.h>

#include "common/base/intrusive_list.h"
#include "common/http/body_decoder.h"
#include "common/http/connection_parts.h"
#include "common/http/head_scanner.h"
#include "common/http/server_connection.h"
#include "common/net/timer.h"

namespace roost::http {

/// What the connections of one loop share: big buffers are the loop's, so that an idle connection holds none.
struct Server::Impl {
  Impl(net::EventLoop& l, const ServerLimits& bounds, RequestAcceptor& accept)
      : loop(l), limits(bounds), acceptor(accept) {}
  net::EventLoop& loop;
  ServerLimits limits;
  RequestAcceptor& acceptor;
  IntrusiveList<ServerConnection> connections;
  size_t connection_count = 0;
  bool draining = false;
  RequestHead head;     // of the request being handed over
  std::string scratch;  // the response head being written
};

/// The machine of one client's connection.
///
///   state       meaning                                            leaves for
///   idle        between requests, nothing of the next here         reading_head, exchanging, lingering, closed
///   reading_head  part of a head has come                          exchanging, lingering, closed
///   exchanging  a request is with the acceptor                     idle, lingering, closed
///   lingering   FIN is queued; what still comes is dropped         closed
///   closed      the stream is gone; retired                        –
///
/// While exchanging, the request's body and the response run side by side: `decoder_` knows what is left of the one,
/// `response_` how far the other is. The request is over when both are; pipelined bytes wait in `pending_` until then.
class ServerConnection final : public net::Retirable, public Responder, private net::StreamReceiver, public ListLink<> {
 public:
  ServerConnection(Server::Impl& server, net::StreamPtr stream);
  ~ServerConnection() override;
  /// As Server::drain.
  void drain();

  void attach(RequestReceiver* receiver) override { receiver_ = receiver; }
  void respond(const ResponseStart& start, std::span<const Slice> body) override;
  bool send_head(const ResponseStart& start, std::span<const Slice> first_body) override;
  bool send_body(std::span<const Slice> pieces) override;
  void end() override;
  void abort() override;
  void pause_body() override;
  void resume_body() override;
  const net::Address& client() const override { return stream_->peer(); }
  uint64_t bytes_sent() const override { return writer_.bytes_written(); }

 private:
  enum class State : uint8_t { idle, reading_head, exchanging, lingering, closed };
  enum class Response : uint8_t { awaited, streaming, ended };
  static constexpr uint64_t kMaxDrainBytes = 64 * 1024;  // of a body nobody wants, before closing is cheaper
  static constexpr uint64_t kMaxLingerBytes = 256 * 1024;
  static constexpr int64_t kLingerMs = 2'000;

  void on_data(std::string_view bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_error(const Error& error) override;
  void on_timeout();

  void set_state(State next);
  void process(std::string_view bytes);
  bool process_head(std::string_view& bytes);
  bool process_body(std::string_view& bytes);
  void hand_over(std::string_view head_bytes);
  void deliver_end_of_request();
  void keep(std::string_view bytes);
  void process_pending();
  void refuse(int status, const Error& why);
  void write_head(const ResponseStart& start);
  void finish_response();
  void next_request();
  void linger();
  void client_gone(const Error& error);
  void close();
  void arm_timer();

  Server::Impl& server_;
  net::StreamPtr stream_;
  net::Timer timer_;
  RequestReceiver* receiver_ = nullptr;
  std::string pending_;  // a head that is not whole yet, or bytes behind the request under way
  HeadScanner scanner_;
  BodyDecoder decoder_;
  BodyWriter writer_;
  uint64_t body_bytes_ = 0;   // of the request's body so far; while lingering, bytes dropped
  size_t queued_before_ = 0;  // bytes queued when the write time-out was set: has there been progress?
  State state_ = State::idle;
  Response response_ = Response::ended;
  bool request_done_ = true;  // head and body have been read whole
  bool keep_alive_ = true;
  bool head_only_ = false;  // answers HEAD
  bool http_1_0_ = false;
  bool continue_awaited_ = false;
  bool body_paused_ = false;
  bool input_ended_ = false;  // the client has sent FIN
  bool processing_ = false;   // process() is on the stack: what is left over is its to go on with
};

}  // namespace roost::http
