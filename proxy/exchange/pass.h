#pragma once

#include <cstdint>
#include <string_view>

#include "common/http/field_block.h"
#include "common/http/message.h"
#include "proxy/exchange/delivery.h"
#include "proxy/exchange/plan.h"
#include "proxy/exchange/request_record.h"
#include "proxy/fetching/backend_call.h"
#include "proxy/fetching/fetch_context.h"

namespace roost::proxy {

class PassOwner {
 public:
  /// The response has ended; the delivery has been told. Last event.
  virtual void on_pass_ended() = 0;
  /// The response says that the backend has failed (stale_may_replace()). True: the client has another answer, and the
  /// call was given up.
  virtual bool on_pass_status(int status) = 0;
  /// There is no response, or it is truncated; the delivery has not been told. Last event.
  virtual void on_pass_failed(const CallFailure& failure) = 0;

 protected:
  ~PassOwner() = default;
};

/// One request passed to a backend for its client alone, and the response's way back into the client's delivery. Its
/// state is that of its call. Loop thread only.
class Pass final : private BackendCallReceiver {
 public:
  /// All outlive it. `record` names the request.
  Pass(FetchContext& context, Delivery& delivery, const RequestRecord& record, PassOwner& owner)
      : context_(context), delivery_(delivery), record_(record), owner_(owner), call_(context.loop, *this) {}

  /// Forwards the request as it is, or, where `plan.share`, as one for the cache: it turned out that it is not.
  /// `site`, of which the route is part, and `plan.key` stay valid until the end. May be over before it returns.
  void begin(const http::RequestHead& head, const Origin& origin, const Plan& plan, LoopSite& site);
  bool active() const { return call_.active(); }
  /// The request's body. False: wait, Delivery::resume_request() is called.
  bool send_body(std::string_view bytes) { return call_.send_body(bytes); }
  void end_body() { call_.end_body(); }
  /// The client takes bytes again.
  void resume() { call_.resume(); }
  void abort() { call_.abort(); }

  const BackendCall& call() const { return call_; }
  /// Microseconds from the request to the response's head; -1 as long as there is none.
  int64_t head_us() const { return head_us_; }

 private:
  void on_answer_head(const http::ResponseHead& head) override;
  void on_answer_body(std::string_view bytes) override;
  void on_answer_end() override;
  void on_call_writable() override { delivery_.resume_request(); }
  void on_call_failed(const CallFailure& failure) override { owner_.on_pass_failed(failure); }

  FetchContext& context_;
  Delivery& delivery_;
  const RequestRecord& record_;
  PassOwner& owner_;
  BackendCall call_;
  const CacheKey* invalidates_ = nullptr;  // the key of an unsafe request
  ForwardReason reason_ = ForwardReason::bypass;
  std::string_view detail_;
  http::FieldBlock answer_fields_;
  bool unconditional_ = false;  // it asks for the whole, whatever the client has
  int64_t called_us_ = 0;
  int64_t head_us_ = -1;
};

}  // namespace roost::proxy
