#pragma once

#include <string>

#include "common/base/intrusive_list.h"
#include "common/http/http1/body_pace.h"
#include "common/http/http1/request_input.h"
#include "common/http/http1/response_writer.h"
#include "common/http/http1/send_pace.h"
#include "common/http/http1/server_state.h"
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
  ConnectionGate* gate = nullptr;  // null: every connection is admitted
  size_t connection_count = 0;
  size_t turned_away = 0;  // of them, those that are only told so
  bool draining = false;
  int64_t drain_idle_ms = 0;  // once draining
  RequestHead head;           // of the request being handed over
  std::string scratch;        // the response head being written; grows to the longest
};

/// One client's connection: what ServerState says, with the request read by RequestInput and the response written by
/// ResponseWriter side by side while exchanging. Bytes behind the request under way are kept, and go on at the loop's
/// next turn when the request ends outside of consume(): never deeper on the stack of whoever ended it.
class ServerConnection final : public net::Retirable, public Responder, private net::StreamReceiver, public ListLink<> {
 public:
  /// `admitted`: by the gate, which is told of its end; else refuse() follows.
  ServerConnection(Server::Impl& server, net::StreamPtr stream, bool https, bool admitted);
  /// Answers with an error, unless a response has begun, and closes.
  void refuse(const RefusedRequest& refused);
  /// As Server::drain.
  void drain();
  /// How long it has been waiting for a request or the rest of a head, or for the client's end after its last
  /// response; -1 when it is not.
  int64_t idle_ms() const;

  bool attach(RequestReceiver* receiver) override;
  void respond(const ResponseStart& start, std::span<const Slice> body) override;
  bool send_head(const ResponseStart& start, std::span<const Slice> first_body) override;
  bool send_body(std::span<const Slice> pieces) override;
  void end(FieldBlockView trailers) override;
  /// Closes at once, without an event; the memory goes at the end of the loop's turn.
  void abort() override;
  void pause_body() override;
  void resume_body() override;
  const net::Address& client() const override;
  uint64_t body_bytes_sent() const override { return response_.body_bytes(); }

 private:
  using State = ServerState::State;
  using Phase = ResponseWriter::Phase;
  static constexpr uint64_t kMaxLingerBytes = 256 * 1024;  // dropped behind FIN, before RST is what the client gets

  // Events of the stream and the timer.
  void on_data(std::string_view bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_error(const Error& error) override;  // or the client broke off in another way
  void on_out_of_memory() override;
  void on_timeout();

  // Input: server_connection.cc.
  std::string_view consume(std::string_view bytes);
  void hand_over(const HeadFacts& facts);
  void process_kept();
  void settle_input();

  // Output and time: server_response.cc.
  std::string_view make_head(const ResponseStart& start);
  bool write(std::string_view head, std::span<const Slice> pieces, bool last, FieldBlockView trailers = {});
  void finish_response();
  void next_request();
  void finish_connection();
  void linger();
  void arm_timer();

  Server::Impl& server_;
  net::StreamPtr stream_;
  RequestReceiver* receiver_ = nullptr;
  net::Deadline deadline_;
  [[no_unique_address]] RequestInput input_;  // what follows fits into its padding
  ServerState state_;
  const bool https_ : 1;          // the scheme of its requests
  const bool admitted_ : 1;       // counted by the gate, if there is one
  bool close_asked_ : 1 = false;  // by the client
  bool input_ended_ : 1 = false;  // the client has sent FIN
  bool consuming_ : 1 = false;    // consume() is on the stack: what is left over is its to go on with
  uint32_t requests_ = 0;         // handed over so far
  ResponseWriter response_;
  BodyPace body_pace_;
  SendPace send_pace_;
};

}  // namespace roost::http
