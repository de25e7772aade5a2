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

}  // namespace

LoopThread::LoopThread(Runtime& runtime, uint32_t index)
    : runtime_(runtime),
      connector_(loop_),
      context_(loop_, runtime.metrics.make_scope(), random_seed() + index),
      front_(runtime, context_),
      drain_timer_(net::Timer::of<&LoopThread::check_drained>(loop_.timers(), this)),
      gauge_timer_(net::Timer::of<&LoopThread::update_gauges>(loop_.timers(), this)) {
  context_.loop_site = LoopSite::make(loop_, connector_, runtime.site, nullptr);
  context_.access_log = runtime.access_log.get();
  context_.via_mark = runtime.via_mark;
  server_ = std::make_unique<http::Server>(loop_, runtime.site->server_limits, front_);
}

Result<std::unique_ptr<LoopThread>> LoopThread::make(Runtime& runtime, const std::vector<net::Address>& addresses,
                                                     uint32_t index) {
  std::unique_ptr<LoopThread> thread(new LoopThread(runtime, index));
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
      return server_->adopt(std::move(established.stream), established.scheme);
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

std::vector<net::Address> LoopThread::listening_on() const {
  std::vector<net::Address> addresses;
  for (const auto& listener : listeners_) addresses.push_back(listener->address());
  return addresses;
}

void LoopThread::use_site(std::shared_ptr<const Site> site) {
  loop_.post([this, next = std::move(site)]() mutable {
    server_->set_limits(next->server_limits);
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
  gauge_timer_.start_ms(kGaugePeriodMs);
}

}  // namespace roost::proxy
