#include "proxy/loop_thread.h"

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <pthread.h>

namespace roost::proxy {

namespace {

constexpr int64_t kDrainCheckMs = 10;
constexpr int64_t kGaugePeriodMs = 500;
// How long a connection may stay idle while the thread drains: its client may have sent a request already.
constexpr int64_t kDrainIdleMs = 500;

uint64_t random_seed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

/// Before the front is made, which looks at it.
LoopContext& with_limits(LoopContext& context, Runtime& runtime) {
  const LimitsSection& limits = runtime.site->config.limits;
  context.shedder.set_target_ms(limits.max_loop_lag_ms);
  if (limits.max_active_requests > 0) context.active_requests = &runtime.active_requests;
  return context;
}

}  // namespace

LoopThread::LoopThread(Runtime& runtime, uint32_t index)
    : runtime_(runtime),
      connector_(loop_),
      context_(loop_, runtime.metrics.make_scope(), random_seed() + index),
      front_(runtime, with_limits(context_, runtime)),
      drain_timer_(net::Timer::of<&LoopThread::check_drained>(loop_.timers(), this)),
      gauge_timer_(net::Timer::of<&LoopThread::update_gauges>(loop_.timers(), this)),
      lag_(loop_, context_.shedder, context_.counters.loop_lag_ms) {
  context_.loop_site = LoopSite::make(loop_, connector_, runtime.site, nullptr);
  context_.access_log = runtime.access_log.get();
  context_.via_mark = runtime.via_mark;
  server_ = std::make_unique<http::Server>(loop_, runtime.site->server_limits, front_);
  server_->set_gate(runtime.connections);
  runtime.connections.add(*this);
}

Result<std::unique_ptr<LoopThread>> LoopThread::make(Runtime& runtime, const std::vector<net::Address>& addresses,
                                                     uint32_t index, uint32_t threads) {
  std::unique_ptr<LoopThread> thread(new LoopThread(runtime, index));
  for (const net::Address& address : addresses) {
    if (auto listening = thread->listen(address, index, threads); !listening) return tl::unexpected(listening.error());
  }
  return thread;
}

Result<void> LoopThread::listen(const net::Address& address, uint32_t index, uint32_t threads) {
  const auto on_stream = [this](net::EstablishedStream established) { serve(std::move(established)); };
  if (runtime_.passed_sockets.has(address)) {
    const auto sockets = runtime_.passed_sockets.duplicate(address, index, threads);
    if (!sockets) return tl::unexpected(sockets.error());
    for (const int fd : *sockets) listeners_.push_back(net::adopt_plain(loop_, fd, on_stream));
    return {};
  }
  auto listener = net::listen_plain(loop_, address, on_stream);
  if (!listener) return tl::unexpected(listener.error());
  listeners_.push_back(std::move(*listener));
  return {};
}

void LoopThread::serve(net::EstablishedStream established) {
  if (context_.site().config.limits.max_loop_lag_ms > 0) lag_.wake();
  switch (established.protocol) {
    case net::Protocol::http1:
      return server_->adopt(std::move(established.stream), established.scheme);
  }
}

LoopThread::~LoopThread() {
  runtime_.connections.remove(*this);
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

std::vector<net::Address> LoopThread::listening_on() const {
  std::vector<net::Address> addresses;
  for (const auto& listener : listeners_) addresses.push_back(listener->address());
  return addresses;
}

void LoopThread::use_site(std::shared_ptr<const Site> site) {
  loop_.post([this, next = std::move(site)]() mutable {
    server_->set_limits(next->server_limits);
    context_.shedder.set_target_ms(next->config.limits.max_loop_lag_ms);
    context_.loop_site = LoopSite::make(loop_, connector_, std::move(next), context_.loop_site.get());
  });
}

void LoopThread::drain(int64_t timeout_ms, Task drained) {
  loop_.post([this, timeout_ms, told = std::move(drained)]() mutable { begin_drain(timeout_ms, std::move(told)); });
}

void LoopThread::begin_drain(int64_t timeout_ms, Task drained) {
  drain_until_ms_ = loop_.now_ms() + timeout_ms;
  drained_ = std::move(drained);
  for (const auto& listener : listeners_) listener->accept_backlog();
  listeners_.clear();
  server_->drain(std::min(timeout_ms, kDrainIdleMs));
  check_drained();
}

void LoopThread::check_drained() {
  const bool over = loop_.now_ms() >= drain_until_ms_;
  if (!over && (server_->connection_count() > 0 || front_.active_count() > 0)) {
    return drain_timer_.start_ms(kDrainCheckMs);
  }
  if (over && server_->connection_count() > 0) {
    runtime_.events.warning("drain timeout reached", {{"connections_cut", server_->connection_count()}});
  }
  drained_();
  loop_.stop();
}

void LoopThread::update_gauges() {
  context_.counters.connections.set(static_cast<int64_t>(server_->connection_count()));
  if (server_->connection_count() == 0) lag_.stop();
  report_limits();
  gauge_timer_.start_ms(kGaugePeriodMs);
}

// Another loop could not admit a connection. Once, however often it is asked before it is done.
void LoopThread::make_room() {
  if (room_wanted_.exchange(true)) return;
  loop_.post([this] {
    room_wanted_ = false;
    // There may be room by now; what this loop has is not closed for nothing then.
    if (server_ != nullptr && runtime_.connections.is_full()) server_->close_longest_idle();
  });
}

void LoopThread::report_limits() {
  const Counters& counters = context_.counters;
  const uint64_t refused = counters.total(http::Limit::connections) + counters.total(http::Limit::made_room);
  if (const uint64_t more = refusals_.look(refused, loop_.now_ms()); more > 0) {
    runtime_.events.warning("client connections are at their limit",
                            {{"max_connections", runtime_.connections.total()}, {"refused_or_idle_closed", more}});
  }
  if (listeners_.empty()) return;  // draining
  uint64_t pauses = 0;
  for (const auto& listener : listeners_) pauses += listener->exhausted_count();
  context_.counters.accept_pauses.set_total(pauses);
  if (const uint64_t more = accept_pauses_.look(pauses, loop_.now_ms()); more > 0) {
    runtime_.events.warning("out of descriptors or memory: accepting pauses", {{"times", more}});
  }
}

}  // namespace roost::proxy
