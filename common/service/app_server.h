#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/intrusive_list.h"
#include "common/http/date.h"
#include "common/http/server.h"
#include "common/net/event_loop.h"
#include "common/service/answer_decorator.h"
#include "common/service/call_observer.h"
#include "common/service/request_guard.h"
#include "common/service/router.h"

namespace roost::service {

/// Serves routes over HTTP: takes requests from its connections, hands them to the router, sends the answers. Guards
/// may refuse a request before that, observers see every call, decorators add fields to every answer. Loop thread only.
class AppServer final : public http::RequestAcceptor {
 public:
  /// `limits.max_body_bytes` bounds a request's body, which is collected before the action runs. All outlive the
  /// server.
  AppServer(net::EventLoop& loop, const Router& router, const http::ServerLimits& limits);
  /// Closes all connections. Replies that are still out go nowhere.
  ~AppServer();
  AppServer(const AppServer&) = delete;
  AppServer& operator=(const AppServer&) = delete;

  /// Before serving; all outlive the server and are called in the order added.
  void add_observer(CallObserver& observer) { observers_.push_back(&observer); }
  void add_decorator(AnswerDecorator& decorator) { decorators_.push_back(&decorator); }
  /// The first guard that refuses a request answers it.
  void add_guard(const RequestGuard& guard) { guards_.push_back(&guard); }

  /// Requests that come while the MemoryReserve is low are answered 503, but those for one of these paths.
  void refuse_without_memory(std::vector<std::string_view> but_for) { spared_ = std::move(but_for); }

  /// Takes over a client's connection.
  void adopt(net::StreamPtr stream) { server_->adopt(std::move(stream)); }
  /// As http::Server::drain.
  void drain(int64_t idle_ms) { server_->drain(idle_ms); }
  /// Whether no request waits for its answer and no connection is open.
  bool idle() const { return active_ == 0 && server_->connection_count() == 0; }
  /// Requests not yet answered.
  size_t active() const { return active_; }

  void on_request(http::Responder& responder, const http::RequestHead& head) override;
  void on_refused(http::Responder& responder, const http::RefusedRequest& refused) override;

 private:
  class Exchange;
  bool lacks_memory(std::string_view path) const;
  void dispatch(Request& request, Reply reply) const;
  /// Sends and reports; `responder` is null when the client is gone.
  void finish(http::Responder* responder, const Request& request, const Answer& answer);
  void send(http::Responder& responder, const Request& request, const Answer& answer);
  std::string next_request_id();
  http::FieldBlockView common_fields(const Request& request, const Answer& answer);

  net::EventLoop& loop_;
  const Router& router_;
  std::vector<CallObserver*> observers_;
  std::vector<AnswerDecorator*> decorators_;
  std::vector<const RequestGuard*> guards_;
  std::optional<std::vector<std::string_view>> spared_;  // none: no request is refused
  std::unique_ptr<http::Server> server_;
  http::HttpDateCache date_;
  IntrusiveList<Exchange> exchanges_;
  http::FieldBlock common_fields_;       // of the answer being sent; its memory is kept
  const std::string request_id_prefix_;  // of this server
  uint64_t request_count_ = 0;
  size_t active_ = 0;
};

}  // namespace roost::service
