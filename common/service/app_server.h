#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/call_observer.h"
#include "api/http/cors.h"
#include "api/http/exchange.h"
#include "api/http/routes.h"
#include "common/http/date.h"
#include "common/http/server.h"
#include "common/net/event_loop.h"
#include "common/observe/metrics.h"

namespace roost::api {

/// Takes requests from the HTTP server, hands them to the routes, sends the answers, and records both. Loop thread
/// only. The server must be destroyed before it; replies that come later go nowhere.
class Front final : public http::RequestAcceptor {
 public:
  /// The largest body of a request; more is answered 413 by the server.
  static constexpr uint64_t kMaxBodyBytes = 64 * 1024;

  Front(net::EventLoop& loop, const Routes& routes, CallObserver& log, observe::MetricScope& metrics, Cors cors = {});
  ~Front();
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  void on_request(http::Responder& responder, const http::RequestHead& head) override;
  void on_refused(const net::Address& client, int status, const Error& why) override;

  const Routes& routes() const { return routes_; }
  net::EventLoop& loop() { return loop_; }
  /// Requests not yet answered.
  size_t active() const { return active_; }

 private:
  friend class Exchange;
  /// Sends and records; `responder` is null when the client is gone.
  void send(http::Responder* responder, const Request& request, const Answer& answer);
  std::string next_request_id();
  std::string_view common_fields(const Request& request, const Answer& answer);

  net::EventLoop& loop_;
  const Routes& routes_;
  CallObserver& log_;
  const Cors cors_;
  observe::Histogram& durations_;
  observe::Counter& refused_;
  observe::Counter* answered_[6];  // by the status' first digit
  http::HttpDateCache date_;
  IntrusiveList<Exchange> exchanges_;
  http::FieldLines common_fields_;       // of the answer being sent; its memory is kept
  const std::string request_id_prefix_;  // of this process
  uint64_t request_count_ = 0;
  size_t active_ = 0;
};

}  // namespace roost::api
