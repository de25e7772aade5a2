#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <sys/resource.h>

#include "api/db/postgres/pg_session.h"
#include "api/db/sqlite/sqlite_connection.h"

// direct_likes DATABASE TWEETS SECONDS [CONNECTIONS]: the cost of likes without a batcher: one UPDATE and one durable
// commit each, over the connection classes of roost-api, one thread each. DATABASE is sqlite:PATH or postgres://…; the
// table is created and must not exist. Prints "begun" when the table is created and all are connected, and at the end
// a line of three: likes, likes per second, CPU microseconds per like.
namespace {

using namespace roost;
using namespace roost::api;

/// One connection.
class Tweets {
 public:
  virtual ~Tweets() = default;
  /// Inserts the tweets 1 to `count`.
  virtual Result<void> fill(int64_t count) = 0;
  /// One like, durable when this returns.
  virtual Result<void> like(int64_t id) = 0;
};

class SqliteTweets : public Tweets {
 public:
  explicit SqliteTweets(std::unique_ptr<SqliteConnection> connection) : connection_(std::move(connection)) {}

  Result<void> fill(int64_t count) override {
    const std::string rows = fmt::format(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
        "INSERT INTO tweets SELECT i, 'a tweet of some length', 0 FROM n",
        count);
    return connection_->write([&]() -> Result<void> {
      auto made = connection_->execute("CREATE TABLE tweets(id INTEGER PRIMARY KEY, content TEXT, likes INTEGER)");
      return made ? connection_->execute(rows.c_str()) : made;
    });
  }

  Result<void> like(int64_t id) override {
    return connection_->write([&]() -> Result<void> {
      const auto raw = connection_->prepare("UPDATE tweets SET likes = likes + 1 WHERE id = ?1");
      if (!raw) return tl::unexpected<Error>(raw.error());
      return Statement(*raw).bind(1, id).run();
    });
  }

 private:
  std::unique_ptr<SqliteConnection> connection_;
};

constexpr PgStatement kLike{"UPDATE tweets SET likes = likes + 1 WHERE id = $1"};

class PgTweets : public Tweets {
 public:
  explicit PgTweets(std::unique_ptr<PgSession> session) : session_(std::move(session)) {}

  Result<void> fill(int64_t count) override {
    constexpr int64_t kTimeoutMs = 60'000;
    return result_of(session_->run_script(
        fmt::format("CREATE TABLE tweets(id bigint PRIMARY KEY, content text, likes bigint) WITH (fillfactor = 90); "
                    "INSERT INTO tweets SELECT i, 'a tweet of some length', 0 FROM generate_series(1, {}) AS i",
                    count),
        kTimeoutMs));
  }

  Result<void> like(int64_t id) override {
    PgParams params;
    return result_of(session_->run(kLike, params.add(id)));
  }

 private:
  static Result<void> result_of(const PgResult<PgRows>& done) {
    if (!done) return tl::unexpected<Error>(error_of(done.error()));
    return {};
  }

  std::unique_ptr<PgSession> session_;
};

Result<std::unique_ptr<Tweets>> open(const std::string& database) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (database.starts_with(kSqlite)) {
    auto connection = SqliteConnection::open(database.substr(kSqlite.size()), SqliteConnection::Mode::write, nullptr);
    if (!connection) return tl::unexpected<Error>(connection.error());
    return std::make_unique<SqliteTweets>(std::move(*connection));
  }
  const auto target = PgTarget::parse(database);
  if (!target) return tl::unexpected<Error>(target.error());
  auto session = PgSession::connect(*target, {});
  if (!session) return tl::unexpected<Error>(error_of(session.error()));
  return std::make_unique<PgTweets>(std::move(*session));
}

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Shared by the threads.
struct Load {
  int64_t tweets;
  std::chrono::steady_clock::time_point until;
  std::atomic<int64_t> next = 0;
  std::atomic<int64_t> done = 0;
};

/// Sends likes over one connection until the time is up; returns the error, if any.
std::optional<Error> keep_liking(Tweets& tweets, Load& load) {
  while (std::chrono::steady_clock::now() < load.until) {
    if (auto liked = tweets.like(1 + load.next++ * 7919 % load.tweets); !liked) return std::move(liked.error());
    ++load.done;
  }
  return std::nullopt;
}

int failed(const Error& error) {
  fmt::print(stderr, "direct_likes: {}\n", error.what);
  return 1;
}

int measure(std::vector<std::unique_ptr<Tweets>>& connections, int64_t tweets, double seconds) {
  fmt::print("begun\n");
  std::fflush(stdout);
  const auto begun = std::chrono::steady_clock::now();
  const double cpu_before_s = cpu_s();
  Load load{tweets, begun + std::chrono::microseconds(static_cast<int64_t>(seconds * 1e6))};
  std::vector<std::optional<Error>> errors(connections.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < connections.size(); ++i)
    threads.emplace_back([&, i] { errors[i] = keep_liking(*connections[i], load); });
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun;
  for (const auto& error : errors)
    if (error) return failed(*error);
  const auto count = static_cast<double>(load.done);
  fmt::print("{} {:.0f} {:.2f}\n", load.done.load(), count / passed.count(), (cpu_s() - cpu_before_s) * 1e6 / count);
  std::fflush(stdout);  // before the connections are closed
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) return 2;
  const int64_t tweets = std::strtoll(argv[2], nullptr, 10);
  const auto wanted = static_cast<size_t>(argc == 5 ? std::strtoll(argv[4], nullptr, 10) : 1);
  std::vector<std::unique_ptr<Tweets>> connections;
  while (connections.size() < wanted) {
    auto opened = open(argv[1]);
    if (!opened) return failed(opened.error());
    connections.push_back(std::move(*opened));
    if (connections.size() > 1) continue;
    if (const auto filled = connections.front()->fill(tweets); !filled) return failed(filled.error());
  }
  return measure(connections, tweets, std::strtod(argv[3], nullptr));
}
