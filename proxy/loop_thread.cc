#include "proxy/loop_thread.h"

#include <random>

#include <fmt/format.h>
#include <pthread.h>

namespace roost::proxy {

namespace {

constexpr int64_t kDrainCheckMs = 10;
constexpr int64_t kGaugePeriodMs = 500;

uint64_t random_seed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

http::ServerLimits server_limits(const ProxySection& proxy) {
  http::ServerLimits limits;
  limits.max_head_bytes = static_cast<size_t>(proxy.max_head_bytes);
  limits.max_body_bytes = static_cast<uint64_t>(proxy.max_body_bytes);
  limits.idle_timeout_ms = proxy.client_idle_timeout_ms;
  return limits;
}

ConnectionPoolOptions pool_options(const ProxySection& proxy) {
  ConnectionPoolOptions options;
  options.max_idle = static_cast<size_t>(proxy.max_idle_connections);
  options.idle_timeout_ms = proxy.backend_idle_timeout_ms;
  options.limits.connect_timeout_ms = proxy.connect_timeout_ms;
  options.limits.head_timeout_ms = proxy.backend_timeout_ms;
  options.limits.body_idle_timeout_ms = proxy.backend_timeout_ms;
  return options;
}

}  // namespace

LoopThread::LoopThread(SharedState& shared, uint32_t index)
    : shared_(shared),
      connector_(loop_),
      context_(loop_, shared.metrics.make_scope(), random_seed() + index),
      front_(shared, context_),
      limits_(server_limits(shared.config.proxy)),
      drain_timer_(net::Timer::of<&LoopThread::check_drained>(loop_.timers(), this)),
      gauge_timer_(net::Timer::of<&LoopThread::update_gauges>(loop_.timers(), this)) {
  const ConnectionPoolOptions options = pool_options(shared.config.proxy);
  for (const auto& backend : shared.backends) {
    context_.connections.push_back(std::make_unique<ConnectionPool>(loop_, connector_, *backend, options));
  }
  context_.budgets.resize(shared.pools.size());
  context_.access_log = shared.access_log.get();
  server_ = std::make_unique<http::Server>(loop_, limits_, front_);
}

Result<std::unique_ptr<LoopThread>> LoopThread::make(SharedState& shared, const std::vector<net::Address>& addresses,
                                                     uint32_t index) {
  std::unique_ptr<LoopThread> thread(new LoopThread(shared, index));
  for (const net::Address& address : addresses) {
    if (auto listening = thread->listen(address); !listening) return tl::unexpected(listening.error());
  }
  return thread;
}

Result<void> LoopThread::listen(const net::Address& address) {
  auto listener =
      net::listen_plain(loop_, address, [this](net::EstablishedStream established) { serve(std::move(established)); });
  if (!listener) return tl::unexpected(listener.error());
  listeners_.push_back(std::move(*listener));
  return {};
}

void LoopThread::serve(net::EstablishedStream established) {
  switch (established.protocol) {
    case net::Protocol::http1:
      return server_->adopt(std::move(established.stream));
  }
}

LoopThread::~LoopThread() {
  if (thread_.joinable()) {
    loop_.stop();
    thread_.join();
  }
  listeners_.clear();
  server_.reset();
}

void LoopThread::start() {
  gauge_timer_.start_ms(kGaugePeriodMs);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "roost-loop");
    loop_.run();
  });
}

void LoopThread::drain(int64_t timeout_ms, Task drained) {
  loop_.post([this, timeout_ms, told = std::move(drained)]() mutable { begin_drain(timeout_ms, std::move(told)); });
}

void LoopThread::begin_drain(int64_t timeout_ms, Task drained) {
  drain_until_ms_ = loop_.now_ms() + timeout_ms;
  drained_ = std::move(drained);
  listeners_.clear();
  server_->drain();
  check_drained();
}

void LoopThread::check_drained() {
  const bool over = loop_.now_ms() >= drain_until_ms_;
  if (!over && (server_->connection_count() > 0 || front_.active_count() > 0)) {
    return drain_timer_.start_ms(kDrainCheckMs);
  }
  if (over && server_->connection_count() > 0) {
    shared_.events.warning("drain timeout reached", {{"connections_cut", server_->connection_count()}});
  }
  drained_();
  loop_.stop();
}

void LoopThread::update_gauges() {
  context_.counters.connections.set(static_cast<int64_t>(server_->connection_count()));
  gauge_timer_.start_ms(kGaugePeriodMs);
}

}  // namespace roost::proxy
