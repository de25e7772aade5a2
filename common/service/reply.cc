#include "api/http/exchange.h"

#include <utility>

#include "api/http/front.h"
#include "common/base/check.h"

namespace roost::api {

Exchange::Exchange(Front& front, http::Responder& responder, const http::RequestHead& head)
    : front_(&front), responder_(&responder), request_(Request::from(head, responder.client())) {}

void Exchange::on_request_body(std::string_view bytes) {
  request_.body.append(bytes);
}

void Exchange::on_request_end() {
  state_ = State::acting;
  // Front gave it up to whoever acts on it; from here the Reply owns it.
  front_->routes().dispatch(request_, Reply(std::unique_ptr<Exchange>(this)));
}

void Exchange::on_client_gone(const Error&) {
  responder_ = nullptr;
  if (state_ != State::reading_body) return;
  state_ = State::ended;
  --front_->active_;
  front_->loop().retire(std::unique_ptr<net::Retirable>(this));
}

void Exchange::answer(const Answer& answer) {
  ROOST_CHECK(state_ == State::acting);
  state_ = State::ended;
  if (front_ != nullptr) front_->send(std::exchange(responder_, nullptr), request_, answer);
}

Reply::~Reply() {
  if (exchange_ != nullptr) send(problem(500, "The request was not answered."));
}

void Reply::send(Answer answer) {
  // Retired rather than destroyed: a frame of the exchange may be further up the stack.
  std::unique_ptr<Exchange> exchange = std::move(exchange_);
  exchange->answer(answer);
  if (exchange->front_ != nullptr) exchange->front_->loop().retire(std::move(exchange));
}

}  // namespace roost::api
