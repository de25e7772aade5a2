#pragma once

#include <cstdint>
#include <memory>

#include "api/http/answer.h"
#include "api/http/request.h"
#include "common/base/intrusive_list.h"
#include "common/http/server.h"
#include "common/net/event_loop.h"

namespace roost::api {

class Front;

/// The life of one request:
///
///     reading_body ──(end of the request)──> acting ──(Reply::send)──> ended
///          └──(client gone)──> ended            └──(client gone: the action goes on, its answer goes nowhere)
///
/// Front owns it while it reads the body; then the Reply does. Loop thread only.
class Exchange final : public http::RequestReceiver, public net::Retirable, public ListLink<> {
 public:
  Exchange(Front& front, http::Responder& responder, const http::RequestHead& head);

  void on_request_body(std::string_view bytes) override;
  void on_request_end() override;
  void on_client_gone(const Error& error) override;

  const Request& request() const { return request_; }

 private:
  friend class Front;
  friend class Reply;
  enum class State : uint8_t { reading_body, acting, ended };
  void answer(const Answer& answer);

  Front* front_;                // null once the front is gone
  http::Responder* responder_;  // null once the client is gone
  Request request_;
  State state_ = State::reading_body;
};

/// The duty to answer one request: moved to where the answer will be known. One that is dropped unanswered answers 500.
class Reply {
 public:
  explicit Reply(std::unique_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) = delete;
  ~Reply();
  /// Once. The request must not be used any more afterwards.
  void send(Answer answer);
  const Request& request() const { return exchange_->request(); }

 private:
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace roost::api
