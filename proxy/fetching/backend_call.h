#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/client.h"
#include "common/http/message.h"
#include "common/net/timer.h"
#include "proxy/fetching/request_body.h"
#include "proxy/observe/failure.h"
#include "proxy/routing/routes.h"
#include "proxy/runtime/loop_context.h"
#include "proxy/upstream/pool.h"
#include "proxy/upstream/request_queue.h"

namespace roost::proxy {

/// A request as it is sent to a backend; kept until the response, since it may have to be sent again.
struct ForwardedRequest {
  std::string method;
  std::string target;
  http::FieldBlock fields;  ///< Host among them
  http::BodyLength body;
  bool head_only = false;
  bool idempotent = false;
};

/// Why there is no response: 502, 503 or 504 for the client, and the rest for the log.
struct CallFailure {
  int status = 502;
  std::string detail;  ///< what happened; may name backends and system errors
  Side side = Side::backend;
  Step step = Step::head;
};

/// Events of a BackendCall. Allocations may be refused (MemoryScope) in on_answer_body and on_call_writable alone: the
/// call fails then. on_answer_end and on_call_failed are the last; the call may be opened again inside them.
class BackendCallReceiver {
 public:
  /// With a status below 200 it is an informational response (103 and so on), and others follow.
  virtual void on_answer_head(const http::ResponseHead& head) = 0;
  virtual void on_answer_body(std::string_view bytes) = 0;
  virtual void on_answer_end() = 0;
  /// send_body() had returned false; go on now.
  virtual void on_call_writable() = 0;
  /// After on_answer_head: the response is truncated.
  virtual void on_call_failed(const CallFailure& failure) = 0;

 protected:
  ~BackendCallReceiver() = default;
};

/// Sends one request to a pool of backends and receives the response: chooses a backend, and another after a failure,
/// or an answer that the route does not want, where that is safe (see retry.h). One call at a time; embedded in an
/// exchange and opened again for the next. Loop thread only.
///
///   state      meaning                                               leaves for
///   closed     no call                                               gathering, queued, attempting
///   gathering  the request's body is gathered (RequestBody), or      queued, attempting, closed
///              its first piece is awaited
///   queued     every backend has as many requests as it may have     queued, attempting, closed
///   attempting a request stream is open, no response head yet        queued, attempting (elsewhere), answering, closed
///   answering  the response's head has been passed on                closed
class BackendCall final : private http::ResponseReceiver, private QueueTicket {
 public:
  BackendCall(LoopContext& context, BackendCallReceiver& receiver)
      : context_(context),
        receiver_(receiver),
        whole_timer_(net::Timer::of<&BackendCall::on_whole_timeout>(context.loop.timers(), this)),
        queue_timer_(net::Timer::of<&BackendCall::on_queue_timer>(context.loop.timers(), this)) {}
  /// Aborts.
  ~BackendCall() { abort(); }
  BackendCall(const BackendCall&) = delete;
  BackendCall& operator=(const BackendCall&) = delete;

  /// To be filled before open(); keeps its capacity from call to call.
  ForwardedRequest& request() { return request_; }
  /// May fail from inside, through on_call_failed. With a body, send_body()/end_body() follow.
  /// `route` is one of `site`, which the caller holds until the call is closed.
  void open(LoopSite& site, const Route& route, uint64_t key_hash);
  /// False: wait for on_call_writable. Ignored once the call is closed.
  bool send_body(std::string_view bytes);
  void end_body();
  /// Back-pressure on the response.
  void pause();
  void resume();
  /// Gives up; no event comes any more. Does nothing when closed.
  void abort();

  bool active() const { return state_ != State::closed; }
  /// The backend of the last attempt, null when none was chosen; known after the end as well.
  const Backend* backend() const { return backend_; }
  /// Attempts after the first.
  uint32_t retries() const { return attempts_ > 0 ? attempts_ - 1 : 0; }

 private:
  enum class State : uint8_t { closed, gathering, queued, attempting, answering };

  static constexpr int64_t kLookAgainMs = 250;  // while it waits in a queue

  static bool is_move(State from, State to);
  void set_state(State next);
  void attempt(bool called = false);
  void wait_for_turn(bool called);
  void give_back_lease();
  void begin_stream();
  void note_failure(const Error& error, http::Progress progress);
  bool give_body();
  FailedAttempt failed_attempt(http::Progress progress) const;
  bool ask_another(int status);
  void fail(CallFailure failure);
  void on_whole_timeout();
  void on_queue_timer();

  void on_turn() override { attempt(/*called=*/true); }
  void on_informational(const http::ResponseHead& head) override { receiver_.on_answer_head(head); }
  void on_response_head(const http::ResponseHead& head) override;
  void on_response_body(std::string_view bytes) override;
  void on_response_end() override;
  void on_backend_writable() override;
  void on_exchange_failed(const Error& error, http::Progress progress) override;

  LoopContext& context_;
  BackendCallReceiver& receiver_;
  ForwardedRequest request_;
  LoopSite* site_ = nullptr;
  const Route* route_ = nullptr;
  uint64_t key_hash_ = 0;
  Backend* backend_ = nullptr;
  BackendLease lease_;
  http::RequestStream* stream_ = nullptr;  // while attempting or answering
  TriedBackends tried_;
  RequestBody body_;
  net::Timer whole_timer_;  // CallPolicy::whole_ms
  net::Timer queue_timer_;
  int64_t queued_until_ms_ = 0;  // QueueLimits::wait_ms from the first time it waits
  uint32_t attempts_ = 0;
  uint32_t repeats_ = 0;  // failed attempts that the backend may have executed
  State state_ = State::closed;
  ConnectionPool::Reuse reuse_ = ConnectionPool::Reuse::allowed;
  bool stream_reused_ = false;  // stream_'s connection had served before
  bool sender_waits_ = false;   // send_body() has returned false
};

}  // namespace roost::proxy
