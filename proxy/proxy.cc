#include "proxy/proxy.h"

#include <algorithm>
#include <csignal>
#include <random>
#include <thread>

#include "common/net/descriptor_limit.h"
#include "common/net/tcp_listener.h"
#include "common/process/supervisor.h"
#include "proxy/limits/client_cap.h"
#include "proxy/runtime/monotonic_clock.h"

namespace roost::proxy {

namespace {

uint32_t thread_count(const Config& config) {
  if (config.proxy.threads > 0) return static_cast<uint32_t>(config.proxy.threads);
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

Proxy::Proxy(const Config& config, service::PassedSockets passed, observe::EventLog& events)
    : events_(events),
      runtime_(config, events),
      resolver_(loop_, config.proxy.hosts_file),
      connector_(loop_),
      memory_timer_(net::Timer::of<&Proxy::look_at_memory>(loop_.timers(), this)) {
  runtime_.passed_sockets = std::move(passed);
  BackendWatchOptions options;
  options.resolve_period_ms = config.proxy.resolve_period_ms;
  options.seed = std::random_device()();
  watch_ = std::make_unique<BackendWatch>(loop_, resolver_, connector_, options,
                                          [this](const BackendNews& news) { on_news(news); });
}

// Checks that no other process listens on the addresses: with SO_REUSEPORT the threads' own listen() would succeed
// beside a process that sets it too.
Result<void> Proxy::probe_addresses(const std::vector<net::Address>& addresses) const {
  for (const net::Address& address : addresses) {
    if (runtime_.passed_sockets.has(address)) continue;
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
  handle_signals();  // before the listeners open: one that arrives meanwhile is handled as soon as the loop runs
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
  set_connection_cap(threads);
  for (uint32_t i = 0; i < threads; ++i) {
    auto thread = LoopThread::make(runtime_, addresses, i, threads);
    if (!thread) return tl::unexpected(thread.error());
    loop_threads_.push_back(std::move(*thread));
  }
  for (const net::Address& address : addresses) {
    const bool passed = runtime_.passed_sockets.has(address);
    events_.info("proxy listening",
                 {{"address", address.to_string()}, {"threads", threads}, {"socket", passed ? "passed" : "own"}});
  }
  return {};
}

void Proxy::handle_signals() {
  for (const int number : {SIGTERM, SIGINT, SIGQUIT}) loop_.on_signal(number, [this] { begin_drain(); });
  loop_.on_signal(SIGUSR1, [this] { reopen_logs("USR1"); });
  loop_.on_signal(SIGHUP, [this] { reopen_logs("HUP"); });
  loop_.on_signal(SIGUSR2, [this] { events_.info("signal without effect", {{"signal", "USR2"}}); });
}

void Proxy::reopen_logs(std::string_view signal) {
  if (runtime_.access_log) runtime_.access_log->reopen();
  events_.info("logs reopened", {{"signal", signal}});
}

// Client connections never take all descriptors: the rest is for backends, the admin listener and files.
void Proxy::set_connection_cap(uint64_t threads) {
  const uint64_t descriptors = net::raise_descriptor_limit();
  const auto asked = static_cast<uint64_t>(runtime_.site->config.limits.max_connections);
  const ClientCap cap = ClientCap::of(descriptors, threads, asked);
  runtime_.connections.set_total(cap.connections);
  if (cap.lowered) {
    events_.warning("max_connections is more than the descriptors allow",
                    {{"max_connections", asked}, {"used", cap.connections}, {"descriptors", descriptors}});
  }
}

// The store gives way as long as memory is low, and has its room back afterwards.
void Proxy::look_at_memory() {
  memory_timer_.start_ms(observe::MemoryWatch::kPeriodMs);
  if (runtime_.memory.look([this] { (void)runtime_.budget.relieve(); })) runtime_.budget.settle();
}

void Proxy::run() {
  look_at_memory();
  watch_->watch(runtime_.site->backends);
  for (const auto& thread : loop_threads_) thread->start();
  process::notify_supervisor("READY=1");
  loop_.run();
  // The threads report failed backends to the watch, so they end before it.
  loop_threads_.clear();
  events_.info("proxy stopped");
}

void Proxy::begin_drain() {
  if (std::exchange(draining_, true)) return loop_.stop();
  const int64_t timeout_ms = runtime_.site->config.proxy.drain_timeout_ms;
  events_.info("draining", {{"at_most_ms", timeout_ms}});
  process::notify_supervisor("STOPPING=1");
  const auto count_one = [this] {
    if (++drained_ == loop_threads_.size()) loop_.stop();
  };
  for (const auto& thread : loop_threads_) {
    thread->drain(timeout_ms, [this, count_one] { loop_.post(count_one); });
  }
}

void Proxy::on_news(const BackendNews& news) {
  const BackendState of_name = news.host.resolved() ? BackendState::up : BackendState::unresolved;
  const BackendState state = news.backend != nullptr ? news.backend->state() : of_name;
  const std::string address = news.backend != nullptr ? news.backend->address().to_string() : std::string();
  const auto level = news.bad ? observe::EventLevel::warning : observe::EventLevel::info;
  if (address.empty() || address == news.host.name()) {
    return events_.write(level, "backend " + news.text,
                         {{"backend", news.host.name()}, {"state", backend_state_name(state)}});
  }
  events_.write(level, "backend " + news.text,
                {{"backend", news.host.name()}, {"address", address}, {"state", backend_state_name(state)}});
}

}  // namespace roost::proxy
