// bare_worker PORT DATA DATABASE: roost-api without its batcher, to show what that buys. The same server, routes of
// tweets and accounts, DB cache and request log; but a like is one UPDATE and one commit, done by a pool of connections
// (4 on PostgreSQL, one on SQLite, which has one writer at a time) before it is answered. A like that waits longer than
// [database] queue_timeout for its turn is answered 503, as reads are. Requests that say "Cache-Control: no-cache" read
// past the DB cache: with that in all of them, there is none.

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "api/account_module.h"
#include "api/db/postgres/pg_session.h"
#include "api/db/sqlite/sqlite_connection.h"
#include "api/http/failure.h"
#include "api/http/request_input.h"
#include "api/like_batching.h"
#include "api/operations.h"
#include "api/storage.h"
#include "api/tweets/tweets.h"
#include "api/worker_context.h"
#include "api/worker_server.h"

namespace {

using namespace roost;
using namespace roost::api;

/// One connection that likes tweets. Blocks; one thread at a time.
class Liker {
 public:
  virtual ~Liker() = default;
  /// One UPDATE, committed when this returns: the count, or -1 where there is no such tweet.
  virtual Result<int64_t> like(int64_t id) = 0;
};

class SqliteLiker : public Liker {
 public:
  explicit SqliteLiker(std::string path) : path_(std::move(path)) {}

  Result<int64_t> like(int64_t id) override {
    if (!connection_) {
      auto opened = SqliteConnection::open(path_, SqliteConnection::Mode::write, nullptr);
      if (!opened) return tl::unexpected<Error>(opened.error());
      connection_ = std::move(*opened);
    }
    int64_t likes = -1;
    const auto done = connection_->write([&]() -> Result<void> {
      const auto raw = connection_->prepare("UPDATE tweets SET likes = likes + 1 WHERE id = ?1 RETURNING likes");
      if (!raw) return tl::unexpected<Error>(raw.error());
      Statement statement(*raw);
      statement.bind(1, id);
      auto row = statement.step();
      while (row && *row) {
        likes = statement.integer(0);
        row = statement.step();
      }
      if (!row) return tl::unexpected<Error>(row.error());
      return {};
    });
    if (!done) return tl::unexpected<Error>(done.error());
    return likes;
  }

 private:
  const std::string path_;
  std::unique_ptr<SqliteConnection> connection_;
};

constexpr PgStatement kLike{"UPDATE tweets SET likes = likes + 1 WHERE id = $1 RETURNING likes"};

class PgLiker : public Liker {
 public:
  explicit PgLiker(PgTarget target) : target_(std::move(target)) {}

  Result<int64_t> like(int64_t id) override {
    if (!session_ || !session_->usable()) {
      auto session = PgSession::connect(target_, {});
      if (!session) return tl::unexpected<Error>(error_of(session.error()));
      session_ = std::move(*session);
    }
    PgParams params;
    const auto rows = session_->run(kLike, params.add(id));
    if (!rows) return tl::unexpected<Error>(error_of(rows.error()));
    return rows->count() == 0 ? -1 : rows->integer(0, 0);
  }

 private:
  const PgTarget target_;
  std::unique_ptr<PgSession> session_;
};

/// The likes that wait, and the threads that do them, each with a connection.
class DirectLikes {
 public:
  using Applied = UniqueFunction<void(int64_t id)>;

  DirectLikes(const WorkerContext& context, RequestLog& log, TweetStore& store)
      : context_(context), log_(log), store_(store) {}
  ~DirectLikes() {
    {
      const std::lock_guard guard(mutex_);
      ended_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  DirectLikes(const DirectLikes&) = delete;
  DirectLikes& operator=(const DirectLikes&) = delete;

  void start(std::vector<std::unique_ptr<Liker>> likers) {
    for (auto& liker : likers) threads_.emplace_back([this, liker = std::move(liker)] { work(*liker); });
  }

  void add_to(Router& router) {
    const auto like = [this](Request& request, Reply reply) {
      const auto id = read_id(request);
      if (!id) return reply.send(id.error());
      add({*id, context_.clock.monotonic_ms(), request.request_id, std::move(reply)});
    };
    router.add(http::Method::post, "/like/{id}", like);
    router.add(http::Method::post, "/api/tweets/{id}/like", like);
  }

 private:
  struct Wish {
    int64_t id;
    int64_t since_ms;
    std::string request_id;
    Reply reply;
  };
  static constexpr size_t kMaxWaiting = 16 * 1024;

  void add(Wish wish) {
    std::unique_lock guard(mutex_);
    if (waiting_.size() >= kMaxWaiting) {
      guard.unlock();
      return wish.reply.send(problem(503, "Too many likes wait."));
    }
    waiting_.push_back(std::move(wish));
    guard.unlock();
    wake_.notify_one();
  }

  void work(Liker& liker) {
    std::unique_lock guard(mutex_);
    for (;;) {
      wake_.wait(guard, [this] { return ended_ || !waiting_.empty(); });
      if (ended_) return;
      Wish wish = std::move(waiting_.front());
      waiting_.pop_front();
      guard.unlock();
      serve(liker, std::move(wish));
      guard.lock();
    }
  }

  void serve(Liker& liker, Wish wish) {
    Result<int64_t> likes = -1;
    if (context_.clock.monotonic_ms() - wish.since_ms > context_.config.database_queue_timeout_ms) {
      likes = tl::unexpected<Error>(Error{.what = "no connection was free in time", .retryable = true});
    } else {
      AccessScope access(&log_, "UPDATE", "tweets", wish.request_id);
      likes = liker.like(wish.id);
      if (likes && *likes >= 0) access.set_rows(1);
    }
    context_.loop.post([this, id = wish.id, likes = std::move(likes), reply = std::move(wish.reply)]() mutable {
      answer(id, likes, std::move(reply));
    });
  }

  void answer(int64_t id, const Result<int64_t>& likes, Reply reply) {
    if (!likes) return reply.send(failure(context_.events, likes.error()));
    if (*likes < 0) return reply.send(problem(404, "There is no such tweet."));
    store_.on_likes_applied(std::span(&id, 1));
    reply.send(uncached_json(202, fmt::format(R"({{"status":"counted","id":{},"likes":{}}})", id, *likes)));
  }

  const WorkerContext& context_;
  RequestLog& log_;
  TweetStore& store_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Wish> waiting_;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

Result<std::vector<std::unique_ptr<Liker>>> make_likers(const Config& config) {
  std::vector<std::unique_ptr<Liker>> likers;
  constexpr std::string_view kSqlite = "sqlite:";
  if (config.database_url.starts_with(kSqlite)) {
    likers.push_back(std::make_unique<SqliteLiker>(config.database_url.substr(kSqlite.size())));
    return likers;
  }
  const auto target = PgTarget::parse(config.database_url);
  if (!target) return tl::unexpected<Error>(target.error());
  for (int64_t i = 0; i < config.database_connections; ++i) likers.push_back(std::make_unique<PgLiker>(*target));
  return likers;
}

Result<void> serve(const Config& config, observe::EventLog& events) {
  SystemClock clock;
  net::EventLoop loop;
  WorkerContext context{config, fmt::format("bare{}", config.listen.substr(config.listen.find(':') + 1)), loop, clock,
                        events};
  observe::MetricRegistry metrics;
  observe::MetricScope& scope = metrics.make_scope();
  auto server = WorkerServer::listen({config.listen, {}}, loop, scope);
  if (!server) return tl::unexpected<Error>(server.error());
  auto storage = Storage::open(context);
  if (!storage) return tl::unexpected<Error>(storage.error());
  // What tweets and metrics are made with; it gets no likes.
  auto batching = LikeBatching::open(context, (*storage)->like_sink(), [](const std::vector<int64_t>&) {});
  if (!batching) return tl::unexpected<Error>(batching.error());
  (*storage)->database().watch_journal((*batching)->batcher().journal().hex());
  auto accounts = AccountModule::open(context, scope, **storage);
  if (!accounts) return tl::unexpected<Error>(accounts.error());
  TweetStore store((*storage)->database(), (*storage)->cache(), (*batching)->batcher(), [](int64_t) {});
  Tweets tweets(store, (*accounts)->authentication(), clock, events);
  const Revalidator revalidator(loop, "", events);
  Operations operations(context, Operations::Parts{**storage, (*batching)->batcher(), revalidator, metrics, scope});
  auto likers = make_likers(config);
  if (!likers) return tl::unexpected<Error>(likers.error());
  auto likes = std::make_unique<DirectLikes>(context, (*storage)->log(), store);
  likes->start(std::move(*likers));
  (*accounts)->add_to((*server)->router());
  tweets.add_to((*server)->router());
  likes->add_to((*server)->router());
  operations.add_to((*server)->router());
  (*server)->add_observer((*storage)->log());
  for (const int number : {SIGTERM, SIGINT}) loop.on_signal(number, [&loop] { loop.stop(); });
  (*server)->serve();
  loop.run();
  server->reset();  // first, so that the replies that are still held go nowhere
  likes.reset();
  (*batching)->batcher().close(0);
  loop.run_once(false);
  (*storage)->log().flush();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: bare_worker PORT DATA DATABASE\n");
    return 2;
  }
  Config config;
  config.listen = fmt::format("127.0.0.1:{}", argv[1]);
  config.data = argv[2];
  config.database_url = argv[3];
  observe::EventLog events;
  const auto served = serve(config, events);
  if (served) return 0;
  std::fprintf(stderr, "bare_worker: %s\n", served.error().what.c_str());
  return 1;
}
