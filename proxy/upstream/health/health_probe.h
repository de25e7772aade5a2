#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/task.h"
#include "common/http/client.h"
#include "common/net/event_loop.h"
#include "common/net/timer.h"
#include "proxy/upstream/connector.h"
#include "proxy/upstream/health/check_options.h"

namespace roost::proxy {

/// One check of a backend, on a connection of its own. Destroying it gives it up. Loop thread only.
class HealthProbe final : private http::ConnectionOwner, private http::ResponseReceiver {
 public:
  /// `absent`: no connection could be made. `unknown`: nor could the check, for a reason of this machine's own
  /// (net::is_local_error).
  enum class Result : uint8_t { passed, failed, absent, unknown };
  /// `failure`: why it has not passed, "status 503". Called once, never from inside the constructor; may destroy the
  /// probe.
  using OnDone = UniqueFunction<void(Result result, const std::string& failure)>;

  /// `options` outlives the probe. With Kind::off it is a check of Kind::tcp. `name`: the backend's, "host:port".
  HealthProbe(net::EventLoop& loop, Connector& connector, const net::Address& address, const CheckOptions& options,
              const std::string& name, OnDone on_done);
  ~HealthProbe();
  HealthProbe(const HealthProbe&) = delete;
  HealthProbe& operator=(const HealthProbe&) = delete;

 private:
  void finish(Result result, const std::string& failure = {});
  void fail(const Error& error, Result result);
  void on_timeout();
  // The connection.
  void on_connection_open(http::ClientConnection& connection) override;
  void on_request_ended(http::ClientConnection&) override {}
  void on_connection_closed(http::ClientConnection&) override {}
  void on_connect_failed(http::ClientConnection& connection, const Error& error) override;
  // The answer.
  void on_response_head(const http::ResponseHead& head) override;
  void on_response_body(std::string_view bytes) override;
  void on_response_end() override;
  void on_exchange_failed(const Error& error, http::Progress progress) override;

  net::EventLoop& loop_;
  const CheckOptions& options_;
  OnDone on_done_;
  std::unique_ptr<http::ClientConnection> connection_;  // null once it is done
  net::Timer timer_;
  std::string body_;  // what has come of it, where it matters
};

}  // namespace roost::proxy
