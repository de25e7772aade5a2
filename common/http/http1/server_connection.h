#pragma once

#include <string>

#include "common/base/intrusive_list.h"
#include "common/http/http1/body_decoder.h"
#include "common/http/http1/connection_parts.h"
#include "common/http/http1/head_reader.h"
#include "common/http/server.h"
#include "common/net/deadline.h"

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
  std::string scratch;  // the response head being written; grows to the longest
};

/// The machine of one client's connection.
///
///   state         meaning                                           leaves for
///   idle          between requests, nothing of the next looked at   reading_head, exchanging, lingering, closed
///   reading_head  part of a head has come                           idle (an empty line), exchanging, lingering,
///                                                                   closed
///   exchanging    a request is with the acceptor                    idle, draining, flushing, lingering, closed
///   draining      the response is out; the rest of the request's    idle, flushing, lingering, closed
///                 body is read and dropped
///   flushing      the exchange is over, the client is far behind    idle, lingering, closed
///                 in taking it: no further request until it has
///   lingering     FIN is queued; what still comes is dropped        closed
///   closed        the stream is gone; retired                       –
///
/// While exchanging, the request's body and the response run side by side: `decoder_` knows what is left of the one,
/// `writer_` of the other. Bytes behind the request under way wait in `pending_`, and go on at the loop's next turn
/// when the request ends outside of consume(): never deeper on the stack of whoever ended it.
class ServerConnection final : public net::Retirable, public Responder, private net::StreamReceiver, public ListLink<> {
 public:
  ServerConnection(Server::Impl& server, net::StreamPtr stream, bool https);
  /// As Server::drain.
  void drain();
  /// Ends at once, without an event; the memory goes at the end of the loop's turn.
  void close();

  void attach(RequestReceiver* receiver) override;
  void respond(const ResponseStart& start, std::span<const Slice> body) override;
  bool send_head(const ResponseStart& start, std::span<const Slice> first_body) override;
  bool send_body(std::span<const Slice> pieces) override;
  void end(FieldBlockView trailers) override;
  void abort() override;
  void pause_body() override;
  void resume_body() override;
  const net::Address& client() const override;
  uint64_t bytes_sent() const override { return writer_.bytes_written(); }

 private:
  enum class State : uint8_t { idle, reading_head, exchanging, draining, flushing, lingering, closed };
  enum class Response : uint8_t { awaited, streaming, ended };
  static constexpr uint64_t kMaxDrainBytes = 64 * 1024;    // of a body nobody wants, before closing is cheaper
  static constexpr uint64_t kMaxLingerBytes = 256 * 1024;  // dropped behind FIN, before RST is what the client gets
  static constexpr int64_t kLingerMs = 2'000;

  // Events of the stream and the timer.
  void on_data(std::string_view bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_error(const Error& error) override;
  void on_timeout();

  // Input: server_connection.cc.
  std::string_view consume(std::string_view bytes);
  bool consume_head(std::string_view& bytes);
  bool consume_body(std::string_view& bytes);
  bool take_content(std::string_view content);
  void incomplete_head(std::string_view bytes);
  void hand_over(const HeadFacts& facts);
  void deliver_end_of_request();
  bool reads_body() const { return state_ == State::draining || (state_ == State::exchanging && !request_done_); }
  bool input_waits() const;
  void process_pending();
  void settle_input();
  void set_state(State next);
  void refuse(int status, const char* why);
  void client_gone(const Error& error);

  // Output: server_response.cc.
  void send_continue();
  std::string_view make_head(const ResponseStart& start);
  Framing outgoing_framing(const ResponseStart& start);
  bool write(std::string_view head, std::span<const Slice> pieces, bool last, FieldBlockView trailers = {});
  void write_problem(int status, const char* why);
  void finish_response();
  void next_request();
  void finish_connection();
  void linger();

  // Time: server_response.cc.
  void arm_timer();
  void expire();

  Server::Impl& server_;
  net::StreamPtr stream_;
  RequestReceiver* receiver_ = nullptr;
  net::Deadline deadline_;
  std::string pending_;  // a head that is not whole yet, or bytes behind the request under way
  HeadReader reader_;
  BodyDecoder decoder_;
  BodyWriter writer_;
  uint64_t body_bytes_ = 0;      // of the request's body so far; while draining or lingering, bytes dropped
  uint64_t queued_at_most_ = 0;  // what would be queued had the client taken nothing since the deadline was set
  State state_ = State::idle;
  Response response_ = Response::ended;
  const bool https_ : 1;          // the scheme of its requests
  bool request_done_ : 1 = true;  // head and body have been read whole
  bool keep_alive_ : 1 = true;
  bool close_asked_ : 1 = false;  // by the client
  bool head_only_ : 1 = false;    // answers HEAD
  bool http_1_0_ : 1 = false;
  bool continue_awaited_ : 1 = false;
  bool body_paused_ : 1 = false;
  bool below_watermark_ : 1 = true;      // what the last write() answered
  bool input_ended_ : 1 = false;         // the client has sent FIN
  bool empty_line_skipped_ : 1 = false;  // before the next head
  bool consuming_ : 1 = false;           // consume() is on the stack: what is left over is its to go on with
};

}  // namespace roost::http
