#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/http/client.h"
#include "common/http/message.h"
#include "proxy/runtime/loop_context.h"
#include "proxy/upstream/pool.h"

namespace roost::proxy {

/// A request as a backend gets it: rebuilt, and held until it is answered, since it may have to be sent twice.
struct ForwardedRequest {
  std::string method;
  std::string target;
  http::FieldLines fields;  ///< Host among them
  http::BodyLength body;
  bool head_only = false;
  bool idempotent = false;
};

/// Why there is no answer: 502, 503 or 504, and a sentence for the client.
struct CallFailure {
  int status = 502;
  std::string detail;
};

/// Who made a call. on_answer_end and on_call_failed are the last; the call may be destroyed or opened anew in them.
class BackendCallReceiver {
 public:
  virtual void on_answer_head(const http::ResponseHead& head) = 0;
  virtual void on_answer_body(std::string_view bytes) = 0;
  virtual void on_answer_end() = 0;
  /// send_body() had returned false; go on now.
  virtual void on_call_writable() = 0;
  /// After on_answer_head: the answer is not whole.
  virtual void on_call_failed(const CallFailure& failure) = 0;

 protected:
  ~BackendCallReceiver() = default;
};

/// One request's way to a backend and the answer's way back: choice, connection, attempts elsewhere (see retry.h). One
/// call at a time; embedded in an exchange and used again by the next. Loop thread only.
///
///   state      meaning                                            leaves for
///   closed     no call                                            gathering, attempting
///   gathering  a short body is awaited whole, so that head and    attempting, closed
///              body go out in one write, and may be sent twice
///   attempting a connection has the request                       attempting (elsewhere), answering, closed
///   answering  the response's head has been handed on             closed
class BackendCall final : private http::ResponseReceiver {
 public:
  /// Bodies up to this size are kept until the answer, for a second attempt; longer ones are streamed and not kept.
  static constexpr size_t kMaxHeldBodyBytes = 64 * 1024;

  BackendCall(LoopContext& context, BackendCallReceiver& receiver) : context_(context), receiver_(receiver) {}
  /// Aborts.
  ~BackendCall() { abort(); }
  BackendCall(const BackendCall&) = delete;
  BackendCall& operator=(const BackendCall&) = delete;

  /// To be filled before open(); keeps its capacity from call to call.
  ForwardedRequest& request() { return request_; }
  /// May fail from inside, through on_call_failed. With a body, send_body()/end_body() follow.
  void open(Pool& pool, uint64_t key_hash);
  /// False: wait for on_call_writable.
  bool send_body(std::string_view bytes);
  void end_body();
  /// Back-pressure on the answer.
  void pause();
  void resume();
  /// Gives up; no event comes any more.
  void abort();

  bool active() const { return state_ != State::closed; }
  /// The backend of the last attempt, null when none was chosen; stays known behind the end.
  const Backend* backend() const { return backend_; }
  /// Attempts after the first.
  uint32_t retries() const { return attempts_ > 0 ? attempts_ - 1 : 0; }

 private:
  enum class State : uint8_t { closed, gathering, attempting, answering };

  void set_state(State next);
  void attempt();
  void start_on(ConnectionPool::Taken taken);
  void note_failure(http::Progress progress);
  void fail(int status, std::string detail);
  bool body_streams() const;

  void on_response_head(const http::ResponseHead& head) override;
  void on_response_body(std::string_view bytes) override;
  void on_response_end() override;
  void on_backend_writable() override;
  void on_exchange_failed(const Error& error, http::Progress progress) override;

  LoopContext& context_;
  BackendCallReceiver& receiver_;
  ForwardedRequest request_;
  Pool* pool_ = nullptr;
  uint64_t key_hash_ = 0;
  Backend* backend_ = nullptr;
  BackendLease lease_;
  std::unique_ptr<http::ClientConnection> connection_;
  TriedBackends tried_;
  std::string held_body_;  // what has come of the body, as long as it may be sent again
  uint32_t attempts_ = 0;
  uint32_t repeats_ = 0;  // attempts made after bytes had been sent
  State state_ = State::closed;
  bool body_ended_ = false;
  bool wants_new_ = false;  // a connection that had waited was closed: no more of these
  bool body_held_ = true;   // held_body_ is all that has come
};

}  // namespace roost::proxy
