#pragma once

#include <string>

#include "common/http/client.h"
#include "common/http/http1/body_decoder.h"
#include "common/http/http1/connection_parts.h"
#include "common/http/http1/head_reader.h"
#include "common/net/deadline.h"

namespace roost::http {

/// One connection to a backend.
///
///   state          meaning                                        leaves for
///   connecting     no exchange begun, or its bytes wait           ready, awaiting_head (an exchange was begun), broken
///   ready          between exchanges, or idle in a pool           awaiting_head, broken
///   awaiting_head  a request goes out, its response is awaited    reading_body, broken
///   reading_body   the response's body is coming                  ready, broken
///   broken         the stream is gone, or it was retired          –
///
/// Whether the request's body is whole runs beside that (`request_sent_`): a response may come before.
class BackendConnection final : public ClientConnection, public RequestStream, private net::StreamReceiver {
 public:
  BackendConnection(net::EventLoop& loop, net::StreamPtr stream, const net::Address& backend,
                    const ClientLimits& limits, bool connected);

  RequestStream& begin(const RequestStart& request, std::span<const Slice> body, ResponseReceiver* receiver) override;
  bool send_body(std::span<const Slice> pieces) override;
  void end_body(FieldBlockView trailers) override;
  void pause() override;
  void resume() override;
  bool connected() const override { return connected_ && state_ != State::broken; }
  void cancel() override;
  bool reusable() const override { return state_ == State::ready && keep_alive_; }
  void set_owner(ConnectionOwner* owner) override { owner_ = owner; }
  uint32_t exchange_count() const override { return exchange_count_; }
  const net::Address& backend() const override { return backend_; }
  void on_retired() override;

 private:
  enum class State : uint8_t { connecting, ready, awaiting_head, reading_body, broken };
  // How much of the response to the request under way has come.
  struct Received {
    uint8_t informational = 0;  // 1xx responses
    bool any_byte : 1 = false;
    bool head : 1 = false;
  };
  static constexpr uint8_t kMaxInformational = 8;  // 1xx responses before one final response

  void on_connected() override;
  void on_data(std::string_view bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_error(const Error& error) override;
  void on_timeout();

  static bool is_move(State from, State to);
  void set_state(State next);
  std::string_view consume(std::string_view bytes);
  bool consume_head(std::string_view& bytes);
  bool consume_body(std::string_view& bytes);
  bool take_head(const HeadFacts& facts, bool more_bytes);
  bool input_waits() const { return !pending_.empty() && state_ == State::reading_body && !paused_; }
  void process_pending();
  bool write(std::string_view head, std::span<const Slice> pieces, bool last, FieldBlockView trailers = {});
  void finish(bool bytes_left);
  void fail_exchange(const std::string& what, bool retryable = false, int code = 0);
  void arm_timer();

  ClientLimits limits_;
  net::Address backend_;
  net::StreamPtr stream_;
  net::Deadline deadline_;
  ResponseReceiver* receiver_ = nullptr;
  ConnectionOwner* owner_ = nullptr;
  std::string pending_;  // a head that is not whole yet, or what came while paused
  HeadReader reader_;
  BodyDecoder decoder_;
  BodyWriter writer_;
  uint64_t queued_at_most_ = 0;  // what would be queued had the backend taken nothing since the deadline was set
  uint32_t exchange_count_ = 0;
  State state_;
  Received received_;
  bool connected_ : 1;
  bool request_sent_ : 1 = true;  // the request's body is whole
  bool head_only_ : 1 = false;    // the request is HEAD
  bool keep_alive_ : 1 = true;
  bool paused_ : 1 = false;
};

}  // namespace roost::http
