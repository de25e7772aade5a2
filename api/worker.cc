#include "api/worker.h"

#include <csignal>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "api/accounts/accounts.h"
#include "api/accounts/authentication.h"
#include "api/accounts/follows.h"
#include "api/accounts/login_limit.h"
#include "api/accounts/passwords.h"
#include "api/accounts/people.h"
#include "api/accounts/tokens.h"
#include "api/accounts/user_store.h"
#include "api/db/db_cache.h"
#include "api/db/open_database.h"
#include "api/db/sqlite/write_lock.h"
#include "api/health.h"
#include "api/http/call_metrics.h"
#include "api/http/cors_decorator.h"
#include "api/http/service.h"
#include "api/logs/logs.h"
#include "api/logs/request_log.h"
#include "api/notify/revalidator.h"
#include "api/pages/pages.h"
#include "api/tweets/like_sink.h"
#include "api/tweets/likes.h"
#include "api/tweets/tweets.h"
#include "api/worker_metrics.h"
#include "batcher/batcher.h"
#include "batcher/journal/posix_disk.h"
#include "common/base/check.h"
#include "common/net/event_loop.h"
#include "common/net/network_set.h"
#include "common/net/tcp_listener.h"

namespace roost::api {

/// Members stand in the order they are made; what is used by another stands before it.
class Worker::Body {
 public:
  Body(const Config& config, observe::EventLog& events)
      : config_(config),
        events_(events),
        cache_({.limit_bytes = static_cast<uint64_t>(config.cache_max_bytes),
                .ttl_ms = config.cache_ttl_ms,
                .negative_ttl_ms = config.cache_negative_ttl_ms},
               clock_),
        drain_timer_(net::Timer::of<&Body::stop>(loop_.timers(), this)),
        poll_timer_(net::Timer::of<&Body::stop_when_idle>(loop_.timers(), this)) {}
  ~Body();

  Result<void> start();
  void run();
  std::string address() const { return listener_->address().to_string(); }
  const std::string& name() const { return name_; }

 private:
  Result<void> make_directories();
  Result<void> listen();
  Result<void> open_stores();
  Result<void> open_batcher();
  Result<void> open_accounts();
  void add_account_routes();
  void add_routes();
  void drain();
  void stop_when_idle();
  void stop() { loop_.stop(); }

  const Config config_;
  observe::EventLog& events_;
  SystemClock clock_;
  std::string name_;
  net::EventLoop loop_;
  observe::MetricRegistry metrics_;
  std::unique_ptr<RequestLog> log_;
  DbCache cache_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<LikeStore> like_store_;
  std::unique_ptr<LikeSink> sink_;
  batcher::PosixDisk disk_;
  std::unique_ptr<batcher::Batcher> batcher_;
  std::unique_ptr<Revalidator> revalidator_;
  std::unique_ptr<TweetStore> tweets_;
  std::unique_ptr<Tokens> tokens_;
  std::unique_ptr<Passwords> passwords_;
  std::unique_ptr<LoginLimit> login_limit_;
  net::NetworkSet trusted_proxies_;
  std::unique_ptr<UserStore> users_;
  std::unique_ptr<Authentication> authentication_;
  std::unique_ptr<Accounts> account_routes_;
  std::unique_ptr<Follows> follow_routes_;
  std::unique_ptr<People> people_routes_;
  std::unique_ptr<Tweets> tweet_routes_;
  std::unique_ptr<Likes> like_routes_;
  std::unique_ptr<Logs> log_routes_;
  std::unique_ptr<Health> health_;
  std::unique_ptr<WorkerMetrics> worker_metrics_;
  Router router_{
      [](Request& request, Reply reply) { reply.send(not_found(request.method, "There is nothing at this path.")); }};
  std::unique_ptr<CallMetrics> call_metrics_;
  std::unique_ptr<CorsDecorator> cors_;
  std::unique_ptr<service::AppServer> server_;
  std::unique_ptr<net::TcpListener> listener_;
  net::Timer drain_timer_;
  net::Timer poll_timer_;
  int64_t drain_until_ms_ = 0;
  bool draining_ = false;
};

namespace {

constexpr int64_t kPollMs = 5;
constexpr uint64_t kMaxBodyBytes = 64 * 1024;

}  // namespace

Worker::Body::~Body() {
  listener_.reset();
  server_.reset();
  passwords_.reset();
  batcher_.reset();  // before the loop and the stores that its threads use
}

Result<void> Worker::Body::start() {
  // Before anybody can connect: a signal that comes meanwhile is answered as soon as the loop runs.
  loop_.on_signal(SIGTERM, [this] { drain(); });
  loop_.on_signal(SIGINT, [this] { drain(); });
  // The port first: a second worker on it must not touch the first one's files.
  if (auto listening = listen(); !listening) return listening;
  if (auto made = make_directories(); !made) return made;
  if (auto opened = open_stores(); !opened) return opened;
  if (auto opened = open_batcher(); !opened) return opened;
  if (auto opened = open_accounts(); !opened) return opened;
  add_routes();
  listener_->resume();
  return {};
}

Result<void> Worker::Body::make_directories() {
  for (const std::string& path : {config_.data, config_.log_directory()}) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return fail(fmt::format("the directory {} cannot be made: {}", path, error.message()));
    auto probe = WriteLock::open(path + "/.writable");
    if (!probe) return fail(fmt::format("the directory {} cannot be written: {}", path, probe.error().what));
    std::filesystem::remove(path + "/.writable", error);
  }
  return {};
}

Result<void> Worker::Body::listen() {
  const auto address = net::Address::parse(config_.listen);
  if (!address) return tl::unexpected<Error>(address.error());
  auto listener = net::TcpListener::listen(loop_, *address, {},
                                           [this](net::StreamPtr stream) { server_->adopt(std::move(stream)); });
  if (!listener) return tl::unexpected<Error>(listener.error());
  listener_ = std::move(*listener);
  listener_->pause();
  name_ = config_.worker.empty() ? fmt::format("w{}", listener_->address().port()) : config_.worker;
  return {};
}

Result<void> Worker::Body::open_stores() {
  auto log = RequestLog::open({.directory = config_.log_directory(),
                               .worker = name_,
                               .rotate_bytes = static_cast<uint64_t>(config_.logs_rotate_bytes),
                               .keep_files = static_cast<unsigned>(config_.logs_keep)},
                              events_);
  if (!log) return tl::unexpected<Error>(log.error());
  log_ = std::move(*log);
  DatabaseOptions options = config_.database_options();
  options.observer = log_.get();
  if (config_.demo) {
    options.hash_demo_password = [operations = static_cast<uint64_t>(config_.password_operations),
                                  memory_bytes = static_cast<size_t>(config_.password_memory_bytes)] {
      return hash_password(kDemoPassword, operations, memory_bytes);
    };
  }
  auto opened = open_database(options, loop_, events_, clock_);
  if (!opened) return tl::unexpected<Error>(opened.error());
  database_ = std::move(opened->database);
  like_store_ = std::move(opened->likes);
  sink_ = std::make_unique<LikeSink>(*like_store_, events_);
  return {};
}

Result<void> Worker::Body::open_batcher() {
  batcher::Options options;
  options.directory = config_.journal_directory();
  options.policy = {.max_pending = config_.flush_above, .max_age_ms = config_.max_age_ms};
  options.durability = config_.batcher_durability();
  options.sync_interval_ms = config_.sync_interval_ms;
  options.batch_spacing_ms = config_.batch_spacing_ms;
  options.max_journal_bytes = static_cast<uint64_t>(config_.max_journal_bytes);
  options.deliver = [this](batcher::Answers answers) {
    loop_.post([answers = std::move(answers)]() mutable { answers.run(); });
  };
  options.on_applied = [this](const batcher::Batch& batch) {
    std::vector<int64_t> ids;
    ids.reserve(batch.deltas.size());
    for (const batcher::KeyDelta& delta : batch.deltas) ids.push_back(delta.key);
    loop_.post([this, ids = std::move(ids)] {
      if (tweets_) tweets_->on_likes_applied(ids);
      if (revalidator_) revalidator_->tweets_changed(ids);
    });
  };
  options.report = [this](std::string_view sentence) { events_.warning("likes", {{"what", sentence}}); };
  auto opened = batcher::Batcher::open(std::move(options), disk_, clock_, *sink_);
  if (!opened) return tl::unexpected<Error>(opened.error());
  batcher_ = std::move(*opened);
  database_->watch_journal(batcher_->journal().hex());
  return {};
}

Result<void> Worker::Body::open_accounts() {
  auto tokens = Tokens::open(config_.token_key_path(), config_.token_ttl_ms);
  if (!tokens) return tl::unexpected<Error>(tokens.error());
  tokens_ = std::make_unique<Tokens>(std::move(*tokens));
  passwords_ =
      std::make_unique<Passwords>(Passwords::Options{.operations = static_cast<uint64_t>(config_.password_operations),
                                                     .memory_bytes = static_cast<size_t>(config_.password_memory_bytes),
                                                     .deliver = [this](Task task) { loop_.post(std::move(task)); }});
  login_limit_ =
      std::make_unique<LoginLimit>(LoginLimit::Options{.attempts_per_account = config_.login_attempts,
                                                       .attempts_per_address = config_.login_attempts_per_address,
                                                       .window_ms = config_.login_window_ms});
  for (const std::string& network : config_.trusted_proxies) ROOST_CHECK(trusted_proxies_.add(network));
  return {};
}

void Worker::Body::add_account_routes() {
  users_ = std::make_unique<UserStore>(*database_, cache_);
  authentication_ = std::make_unique<Authentication>(*tokens_, *users_, clock_, events_);
  account_routes_ = std::make_unique<Accounts>(Accounts::Parts{*users_, *authentication_, *passwords_, *tokens_,
                                                               *login_limit_, trusted_proxies_, clock_, events_});
  follow_routes_ = std::make_unique<Follows>(*users_, *authentication_, events_);
  people_routes_ = std::make_unique<People>(*users_, clock_, events_);
  account_routes_->add_to(router_);
  follow_routes_->add_to(router_);
  people_routes_->add_to(router_);
}

void Worker::Body::add_routes() {
  add_account_routes();
  std::vector<net::Address> proxies;
  for (const std::string& text : config_.proxies) proxies.push_back(*net::Address::parse(text));  // checked when read
  revalidator_ = std::make_unique<Revalidator>(loop_, proxies, events_);
  tweets_ = std::make_unique<TweetStore>(*database_, cache_, *batcher_);
  tweet_routes_ = std::make_unique<Tweets>(*tweets_, *authentication_, clock_, events_);
  like_routes_ = std::make_unique<Likes>(*tweets_, *batcher_, clock_, events_);
  health_ = std::make_unique<Health>(*database_, metrics_);
  log_routes_ = std::make_unique<Logs>(Logs::Options{config_.log_directory(), config_.log_access(), config_.logs_token},
                                       loop_, *log_, events_,
                                       [](Request& request, Reply reply) { Pages::show(request, std::move(reply)); });
  observe::MetricScope& scope = metrics_.make_scope();
  worker_metrics_ = std::make_unique<WorkerMetrics>(scope, *batcher_, cache_, *revalidator_);
  metrics_.before_exposition([this] { worker_metrics_->refresh(); });
  tweet_routes_->add_to(router_);
  like_routes_->add_to(router_);
  log_routes_->add_to(router_);
  health_->add_to(router_);
  Pages::add_to(router_);
  call_metrics_ = std::make_unique<CallMetrics>(scope);
  cors_ = std::make_unique<CorsDecorator>(Cors(config_.cors_origins), router_);
  http::ServerLimits limits;
  limits.max_body_bytes = kMaxBodyBytes;
  server_ = std::make_unique<service::AppServer>(loop_, router_, limits);
  server_->add_observer(*call_metrics_);
  server_->add_observer(*log_);
  server_->add_decorator(*cors_);
}

void Worker::Body::run() {
  loop_.run();
  listener_.reset();
  // What remains of the time allowed goes to the likes; those left stay in the journal for the next who adopts it.
  const int64_t remaining_ms = drain_until_ms_ - clock_.monotonic_ms();
  batcher_->close(remaining_ms > 0 ? remaining_ms : 0);
  loop_.run_once(false);  // its last answers
  server_.reset();
  log_->flush();
}

void Worker::Body::drain() {
  if (draining_) return stop();  // asked twice: now
  draining_ = true;
  events_.info("draining", {{"worker", name_}});
  drain_until_ms_ = clock_.monotonic_ms() + config_.drain_timeout_ms;
  health_->set_draining();
  listener_.reset();
  server_->drain();
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
