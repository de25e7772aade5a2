#include "api/worker.h"

#include <algorithm>
#include <csignal>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "api/account_module.h"
#include "api/like_batching.h"
#include "api/operations.h"
#include "api/pages/pages.h"
#include "api/storage.h"
#include "api/tweet_module.h"
#include "api/worker_context.h"
#include "api/worker_server.h"
#include "common/observe/memory_watch.h"
#include "common/process/supervisor.h"

namespace roost::api {

/// Members stand in the order they are made; each uses only those before it.
class Worker::Body {
 public:
  Body(const Config& config, observe::EventLog& events)
      : config_(config),
        context_{config_, "", loop_, clock_, events},
        drain_timer_(net::Timer::of<&Body::stop>(loop_.timers(), this)),
        poll_timer_(net::Timer::of<&Body::stop_when_idle>(loop_.timers(), this)),
        memory_(events, metrics_.make_scope()),
        memory_timer_(net::Timer::of<&Body::look_at_memory>(loop_.timers(), this)) {
    metrics_.before_exposition([this] { memory_.refresh(); });
  }
  ~Body();

  Result<void> start();
  void run();
  std::string address() const { return server_->address().to_string(); }
  const std::string& name() const { return context_.name; }

 private:
  Result<void> listen();
  Result<void> open();
  void add_routes();
  void on_likes_applied(const std::vector<int64_t>& ids);
  void handle_signals();
  void reopen_logs(std::string_view signal);
  void drain();
  void stop_when_idle();
  void look_at_memory();
  void stop() { loop_.stop(); }

  const Config config_;
  SystemClock clock_;
  net::EventLoop loop_;
  WorkerContext context_;
  observe::MetricRegistry metrics_;
  observe::MetricScope& scope_ = metrics_.make_scope();
  std::unique_ptr<WorkerServer> server_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<LikeBatching> likes_;
  std::unique_ptr<AccountModule> accounts_;
  std::unique_ptr<TweetModule> tweets_;
  std::unique_ptr<Operations> operations_;
  net::Timer drain_timer_;
  net::Timer poll_timer_;
  observe::MemoryWatch memory_;
  net::Timer memory_timer_;
  int64_t drain_until_ms_ = 0;
  bool draining_ = false;
};

namespace {

constexpr int64_t kPollMs = 5;
// How long a connection may stay idle while the worker drains: a proxy may have sent a request on it already.
constexpr int64_t kDrainIdleMs = 500;

}  // namespace

Worker::Body::~Body() {
  server_.reset();  // first, so that the replies that its routes still hold go nowhere
}

Result<void> Worker::Body::start() {
  // Before anybody can connect: a signal that comes meanwhile is answered as soon as the loop runs.
  handle_signals();
  // The port first: a second worker on it must not touch the first one's files.
  if (auto listening = listen(); !listening) return listening;
  if (auto opened = open(); !opened) return opened;
  add_routes();
  server_->serve();
  return {};
}

void Worker::Body::handle_signals() {
  for (const int number : {SIGTERM, SIGINT, SIGQUIT}) loop_.on_signal(number, [this] { drain(); });
  loop_.on_signal(SIGUSR1, [this] { reopen_logs("USR1"); });
  loop_.on_signal(SIGHUP, [this] { reopen_logs("HUP"); });
  loop_.on_signal(SIGUSR2, [this] { context_.events.info("signal without effect", {{"signal", "USR2"}}); });
}

void Worker::Body::reopen_logs(std::string_view signal) {
  storage_->log().reopen();
  context_.events.info("logs reopened", {{"signal", signal}});
}

Result<void> Worker::Body::listen() {
  auto server = WorkerServer::listen({config_.listen, config_.cors_origins}, loop_, scope_);
  if (!server) return tl::unexpected<Error>(server.error());
  server_ = std::move(*server);
  context_.name = config_.worker.empty() ? fmt::format("w{}", server_->address().port()) : config_.worker;
  return {};
}

Result<void> Worker::Body::open() {
  auto storage = Storage::open(context_);
  if (!storage) return tl::unexpected<Error>(storage.error());
  storage_ = std::move(*storage);
  auto likes = LikeBatching::open(context_, storage_->like_sink(),
                                  [this](const std::vector<int64_t>& ids) { on_likes_applied(ids); });
  if (!likes) return tl::unexpected<Error>(likes.error());
  likes_ = std::move(*likes);
  storage_->database().watch_journal(likes_->batcher().journal().hex());
  auto accounts = AccountModule::open(context_, scope_, *storage_);
  if (!accounts) return tl::unexpected<Error>(accounts.error());
  accounts_ = std::move(*accounts);
  tweets_ = std::make_unique<TweetModule>(context_, scope_, *storage_, accounts_->authentication(), likes_->batcher());
  operations_ = std::make_unique<Operations>(
      context_, Operations::Parts{*storage_, likes_->batcher(), tweets_->revalidator(), metrics_, scope_});
  return {};
}

void Worker::Body::add_routes() {
  accounts_->add_to(server_->router());
  tweets_->add_to(server_->router());
  operations_->add_to(server_->router());
  Pages::add_to(server_->router());
  server_->add_observer(storage_->log());
}

void Worker::Body::on_likes_applied(const std::vector<int64_t>& ids) {
  if (tweets_) tweets_->on_likes_applied(ids);
}

void Worker::Body::look_at_memory() {
  memory_timer_.start_ms(observe::MemoryWatch::kPeriodMs);
  memory_.look([this] { storage_->cache().clear(); });
}

void Worker::Body::run() {
  look_at_memory();
  loop_.run();
  // What remains of the time allowed goes to the likes; the rest stays in the journal for the worker that adopts it.
  const int64_t remaining_ms = drain_until_ms_ - clock_.monotonic_ms();
  likes_->batcher().close(std::max<int64_t>(remaining_ms, 0));
  loop_.run_once(false);  // its last answers
  server_.reset();
  storage_->log().flush();
}

void Worker::Body::drain() {
  if (draining_) return stop();  // asked twice: now
  draining_ = true;
  context_.events.info("draining", {{"worker", context_.name}});
  process::notify_supervisor("STOPPING=1");
  drain_until_ms_ = clock_.monotonic_ms() + config_.drain_timeout_ms;
  operations_->set_draining();
  server_->drain(std::min(kDrainIdleMs, config_.drain_timeout_ms));
  drain_timer_.start_ms(config_.drain_timeout_ms);
  stop_when_idle();
}

void Worker::Body::stop_when_idle() {
  if (server_->idle()) return stop();
  poll_timer_.start_ms(kPollMs);
}

Worker::Worker(std::unique_ptr<Body> body) : body_(std::move(body)) {}
Worker::~Worker() = default;

Result<std::unique_ptr<Worker>> Worker::start(const Config& config, observe::EventLog& events) {
  auto body = std::make_unique<Body>(config, events);
  if (auto started = body->start(); !started) return tl::unexpected<Error>(started.error());
  return std::unique_ptr<Worker>(new Worker(std::move(body)));
}

void Worker::run() {
  body_->run();
}

std::string Worker::address() const {
  return body_->address();
}

const std::string& Worker::name() const {
  return body_->name();
}

}  // namespace roost::api
