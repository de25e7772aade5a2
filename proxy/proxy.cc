#include "proxy/proxy.h"

#include <algorithm>
#include <csignal>
#include <random>
#include <thread>

#include "common/net/tcp_listener.h"
#include "proxy/runtime/monotonic_clock.h"

namespace roost::proxy {

namespace {

uint32_t thread_count(const Config& config) {
  if (config.proxy.threads > 0) return static_cast<uint32_t>(config.proxy.threads);
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

Proxy::Proxy(const Config& config, observe::EventLog& events)
    : events_(events), runtime_(config, events), resolver_(loop_, config.proxy.hosts_file) {
  BackendWatchOptions options;
  options.resolve_period_ms = config.proxy.resolve_period_ms;
  options.seed = std::random_device()();
  watch_ = std::make_unique<BackendWatch>(
      loop_, resolver_, options,
      [this](const Backend& backend, const std::string& news, bool bad) { on_news(backend, news, bad); });
}

// Checks that no other process listens on the addresses: with SO_REUSEPORT the threads' own listen() would succeed
// beside a process that sets it too.
Result<void> Proxy::probe_addresses(const std::vector<net::Address>& addresses) const {
  for (const net::Address& address : addresses) {
    if (auto probed = net::TcpListener::probe(address); !probed) return probed;
  }
  return {};
}

AdminRoutes::Parts Proxy::admin_parts() {
  const auto pools = [this] {
    std::vector<const Pool*> all;
    for (const auto& pool : runtime_.site->pools) all.push_back(pool.get());
    return all;
  };
  return {runtime_.cache, runtime_.fetches, runtime_.metrics, pools, now_us};
}

Result<void> Proxy::open() {
  // Before the listeners open: a signal that arrives meanwhile is handled as soon as the loop runs.
  loop_.on_signal(SIGTERM, [this] { begin_drain(); });
  loop_.on_signal(SIGINT, [this] { begin_drain(); });
  loop_.on_signal(SIGHUP, [this] {
    if (runtime_.access_log) runtime_.access_log->reopen();
  });
  if (auto log = runtime_.open_access_log(); !log) return log;
  const Config& config = runtime_.site->config;
  const std::vector<net::Address> addresses = config.listen_addresses();
  if (auto probed = probe_addresses(addresses); !probed) return probed;
  if (config.proxy.admin != "off") {
    auto admin = Admin::listen(loop_, config, admin_parts());
    if (!admin) return tl::unexpected(admin.error());
    admin_ = std::move(*admin);
    events_.info("admin listening", {{"address", admin_->address()}});
  }
  const uint32_t threads = thread_count(config);
  for (uint32_t i = 0; i < threads; ++i) {
    auto thread = LoopThread::make(runtime_, addresses, i);
    if (!thread) return tl::unexpected(thread.error());
    loop_threads_.push_back(std::move(*thread));
  }
  for (const net::Address& address : addresses) {
    events_.info("proxy listening", {{"address", address.to_string()}, {"threads", threads}});
  }
  return {};
}

void Proxy::run() {
  watch_->watch(runtime_.site->backends);
  for (const auto& thread : loop_threads_) thread->start();
  loop_.run();
  // The threads report failed backends to the watch, so they end before it.
  loop_threads_.clear();
  events_.info("proxy stopped");
}

void Proxy::begin_drain() {
  if (std::exchange(draining_, true)) return loop_.stop();
  const int64_t timeout_ms = runtime_.site->config.proxy.drain_timeout_ms;
  events_.info("draining", {{"at_most_ms", timeout_ms}});
  const auto count_one = [this] {
    if (++drained_ == loop_threads_.size()) loop_.stop();
  };
  for (const auto& thread : loop_threads_) {
    thread->drain(timeout_ms, [this, count_one] { loop_.post(count_one); });
  }
}

void Proxy::on_news(const Backend& backend, const std::string& news, bool bad) {
  events_.write(bad ? observe::EventLevel::warning : observe::EventLevel::info, "backend " + news,
                {{"backend", backend.name()}, {"state", backend_state_name(backend.state())}});
}

}  // namespace roost::proxy
