#include "common/service/app_server.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include <fmt/compile.h>

#include "common/base/check.h"
#include "common/base/memory_reserve.h"
#include "common/base/memory_scope.h"
#include "common/base/wipe.h"
#include "common/http/problem.h"

namespace roost::service {
namespace {

template <class Clock>
int64_t now_us_of() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
}

// For durations, which setting the wall clock does not change.
int64_t monotonic_now_us() {
  return now_us_of<std::chrono::steady_clock>();
}

}  // namespace

/// The life of one request:
///
///     reading_body ──(end of the request)──> acting ──(Reply::send)──> ended
///          └──(client gone, or refused)──> ended └──(client gone: the action goes on, its answer goes nowhere)
///
/// The server owns it while it reads the body; from then on the Reply does.
class AppServer::Exchange final : public http::RequestReceiver,
                                  public PendingRequest,
                                  public net::Retirable,
                                  public ListLink<> {
 public:
  /// Bodies hold passwords.
  ~Exchange() override { wipe(request_.body); }
  Exchange(AppServer& server, http::Responder& responder, const http::RequestHead& head)
      : server_(&server), responder_(&responder), request_(Request::from(head, responder.client())) {
    request_.arrived_us = monotonic_now_us();
    if (request_.request_id.empty()) request_.request_id = server.next_request_id();
  }

  void on_request_body(std::string_view bytes) override { request_.body.append(bytes); }
  void on_request_end() override {
    const EssentialMemory essential;  // it is accepted
    state_ = State::acting;
    server_->dispatch(request_, Reply(std::unique_ptr<PendingRequest>(this)));
  }
  void on_client_gone(const Error& error) override {
    const EssentialMemory essential;
    http::Responder* responder = std::exchange(responder_, nullptr);
    if (state_ != State::reading_body) return;
    state_ = State::ended;
    if (error.code >= 400) {
      server_->finish(responder, request_, problem(error.code, error.what));
    } else {
      --server_->active_;
    }
    server_->loop_.retire(std::unique_ptr<net::Retirable>(this));
  }

  const Request& request() const override { return request_; }
  void answer(Answer answer, std::unique_ptr<PendingRequest> self) override {
    ROOST_CHECK(state_ == State::acting);
    state_ = State::ended;
    if (server_ == nullptr) return;
    server_->finish(std::exchange(responder_, nullptr), request_, answer);
    // Retired rather than destroyed: a frame of it may be further up the stack.
    server_->loop_.retire(std::unique_ptr<net::Retirable>(static_cast<Exchange*>(self.release())));
  }

  /// The server goes. An exchange that a Reply owns stays, but its answer goes nowhere.
  static void detach(Exchange* exchange) {
    exchange->server_ = nullptr;
    exchange->responder_ = nullptr;
    if (exchange->state_ == State::reading_body) delete exchange;
  }

 private:
  enum class State : uint8_t { reading_body, acting, ended };

  AppServer* server_;           // null once the server is gone
  http::Responder* responder_;  // null once the client is gone
  Request request_;
  State state_ = State::reading_body;
};

AppServer::AppServer(net::EventLoop& loop, const Router& router, const http::ServerLimits& limits)
    : loop_(loop),
      router_(router),
      server_(std::make_unique<http::Server>(loop, limits, *this)),
      request_id_prefix_(fmt::format("{:08x}-", std::random_device{}())) {}

AppServer::~AppServer() {
  server_.reset();
  while (Exchange* exchange = exchanges_.pop_front()) Exchange::detach(exchange);
}

void AppServer::on_request(http::Responder& responder, const http::RequestHead& head) {
  if (MemoryReserve::is_low() && lacks_memory(head.path)) {
    for (CallObserver* observer : observers_) observer->on_refused(503);
    return http::respond_out_of_memory(responder);
  }
  auto* exchange = new Exchange(*this, responder, head);
  exchanges_.push_back(*exchange);
  ++active_;
  responder.attach(exchange);
}

void AppServer::on_refused(http::Responder& responder, const http::RefusedRequest& refused) {
  for (CallObserver* observer : observers_) observer->on_refused(refused.status);
  Request request;
  if (refused.head != nullptr) request = Request::from(*refused.head, responder.client());
  if (request.request_id.empty()) request.request_id = next_request_id();
  send(responder, request, problem(refused.status, refused.why));
}

bool AppServer::lacks_memory(std::string_view path) const {
  return spared_ && std::find(spared_->begin(), spared_->end(), path) == spared_->end();
}

void AppServer::dispatch(Request& request, Reply reply) const {
  for (const RequestGuard* guard : guards_) {
    if (auto refusal = guard->refuse(request)) return reply.send(std::move(*refusal));
  }
  router_.dispatch(request, std::move(reply));
}

std::string AppServer::next_request_id() {
  return fmt::format(FMT_COMPILE("{}{:x}"), request_id_prefix_, ++request_count_);
}

void AppServer::finish(http::Responder* responder, const Request& request, const Answer& answer) {
  --active_;
  const int64_t now_us = now_us_of<std::chrono::system_clock>();
  const int64_t duration_us = monotonic_now_us() - request.arrived_us;
  for (CallObserver* observer : observers_) observer->on_call(request, answer.status, now_us, duration_us);
  if (responder != nullptr) send(*responder, request, answer);
}

void AppServer::send(http::Responder& responder, const Request& request, const Answer& answer) {
  const Slice body(std::string_view(answer.body));
  responder.respond({.status = answer.status,
                     .fields = answer.fields,
                     .more_fields = common_fields(request, answer),
                     .body = http::BodyLength::known(answer.body.size())},
                    {&body, 1});
}

// The fields of every answer. Valid until the next answer.
http::FieldBlockView AppServer::common_fields(const Request& request, const Answer& answer) {
  common_fields_.clear();
  common_fields_.add("Date", date_.at_unix_ms(loop_.unix_ms()));
  common_fields_.add("X-Request-Id", request.request_id);
  common_fields_.add("X-Content-Type-Options", "nosniff");  // JSON that quotes a user's text must not be shown as HTML
  for (AnswerDecorator* decorator : decorators_) decorator->add_fields(request, answer, common_fields_);
  if (answer.status != 304 && answer.status != 204) common_fields_.add("Content-Type", answer.content_type);
  return common_fields_;
}

}  // namespace roost::service
