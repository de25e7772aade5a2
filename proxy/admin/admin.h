#pragma once

#include <memory>
#include <string>

#include "common/http/date.h"
#include "common/http/server.h"
#include "common/net/event_loop.h"
#include "common/net/tcp_listener.h"
#include "proxy/runtime/runtime.h"

namespace roost::proxy {

/// The admin listener, on the main thread's loop, never on a public address:
///
///   GET   /status              backends, pools and cache as JSON
///   GET   /metrics             Prometheus text
///   GET   /healthz             200 as long as the process serves
///   POST  /purge?url=…         drops what is stored of a URL ("https://host/path", percent-encoded), all variants
///         /purge?prefix=…      of every URL that begins so; ?tag=… what carries the tag in Cache-Groups; ?tags=a,b
///         /purge?tags=…&soft=1 keeps it, but asks for it anew, past all caches, before it is used again
///   PURGE /path                the same as ?url= for this Host and path
///
/// Loop thread only.
class Admin final : public http::RequestAcceptor {
 public:
  static Result<std::unique_ptr<Admin>> listen(net::EventLoop& loop, const net::Address& address, Runtime& runtime);
  net::Address address() const { return listener_->address(); }

  /// The document of /status.
  static std::string status_json(const Runtime& runtime, int64_t uptime_ms);

 private:
  Admin(net::EventLoop& loop, Runtime& runtime);
  void on_request(http::Responder& responder, const http::RequestHead& head) override;
  void on_refused(const net::Address&, int, const Error&) override {}
  void respond(http::Responder& responder, int status, std::string_view type, const std::string& body);
  void purge(http::Responder& responder, const http::RequestHead& head);
  void purge_tags(http::Responder& responder, const std::string& tags, bool soft);

  net::EventLoop& loop_;
  Runtime& runtime_;
  http::ServerLimits limits_;
  http::HttpDateCache dates_;
  int64_t started_ms_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<net::TcpListener> listener_;
};

/// The value of `name` in a query ("a=1&b=%2F"), percent-decoded and with '+' as a space; empty when absent.
std::string query_value(std::string_view query, std::string_view name);

}  // namespace roost::proxy
