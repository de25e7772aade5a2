#include "api/worker_server.h"

#include <algorithm>
#include <utility>

#include "api/pages/pages.h"
#include "common/net/descriptor_limit.h"

namespace roost::api {
namespace {

http::ServerLimits server_limits() {
  http::ServerLimits limits;
  limits.max_body_bytes = WorkerServer::kMaxBodyBytes;
  limits.body_rate.bytes_per_s = 1'024;
  // The rest is for the database, the journal, logs and the calls to proxies.
  constexpr uint64_t kKept = 256;
  constexpr uint64_t kLeast = 64;
  limits.max_connections = std::max(kLeast + kKept, net::raise_descriptor_limit()) - kKept;
  // What a proxy lets in with limits of 100 fields and 16 KiB, and the fields that it adds: its Host is sent twice.
  limits.max_fields = http::Fields::kMaxFields;
  limits.max_head_bytes = 48 * 1024;
  limits.max_target_bytes = 16 * 1024;
  return limits;
}

}  // namespace

WorkerServer::WorkerServer(const Options& options, net::EventLoop& loop, observe::MetricScope& scope)
    : router_(Pages::answer_not_found),
      metrics_(scope),
      cors_(Cors(options.cors_origins), router_),
      origins_(Cors(options.cors_origins)),
      server_(loop, router_, server_limits()) {
  server_.add_observer(metrics_);
  server_.add_decorator(cors_);
  server_.add_guard(origins_);
  server_.refuse_without_memory({"/healthz", "/readyz", "/metrics"});
}

Result<std::unique_ptr<WorkerServer>> WorkerServer::listen(const Options& options, net::EventLoop& loop,
                                                           observe::MetricScope& scope) {
  const auto address = net::Address::parse_or_localhost(options.address);
  if (!address) return tl::unexpected<Error>(address.error());
  std::unique_ptr<WorkerServer> made(new WorkerServer(options, loop, scope));
  auto listener = net::TcpListener::listen(
      loop, *address, {}, [server = &made->server_](net::StreamPtr stream) { server->adopt(std::move(stream)); });
  if (!listener) return tl::unexpected<Error>(listener.error());
  made->listener_ = std::move(*listener);
  made->listener_->pause();
  made->address_ = made->listener_->address();
  return made;
}

void WorkerServer::drain(int64_t idle_ms) {
  if (listener_) listener_->accept_backlog();
  listener_.reset();
  server_.drain(idle_ms);
}

}  // namespace roost::api
