#include "api/db/postgres/pg_cluster.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/db/postgres/pg_like_store.h"
#include "tests/api/db/postgres/cutting_relay.h"
#include "tests/api/db/postgres/pg_scratch.h"
#include "tests/api/db/scratch.h"

using namespace roost;
using namespace roost::api;

namespace {

constexpr PgStatement kAdd{"INSERT INTO notes(n) VALUES($1) RETURNING n"};
constexpr PgStatement kDivide{"SELECT 1 / $1::bigint", true};
constexpr PgStatement kEcho{"SELECT $1::bigint", true};
constexpr PgStatement kSleep{"SELECT pg_sleep($1::bigint)", true};
constexpr PgStatement kSlowAdd{"INSERT INTO notes(n) SELECT $1 FROM pg_sleep(1) RETURNING n"};

/// A cluster behind a relay, and what was answered.
struct PgClusterFixture {
  PgScratch database{PgScratch::Schema::none};
  CuttingRelay relay{relay_to(postgres_url())};
  net::EventLoop loop;
  std::vector<std::string> events;
  observe::EventLog log{[this](observe::EventLevel, std::string_view line) { events.emplace_back(line); }};
  std::unique_ptr<PgCluster> cluster;

  explicit PgClusterFixture(PgCluster::Options options = {}) {
    database.run("CREATE TABLE notes(n bigint PRIMARY KEY)");
    if (options.url.empty()) options.url = relayed(postgres_url(), relay.port());
    auto made = PgCluster::make(loop, log, std::move(options));
    REQUIRE(made);
    cluster = std::move(*made);
    cluster->start();
  }
  static uint16_t relay_to(const std::string& url) {
    return static_cast<uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  }
  static std::string relayed(std::string url, uint16_t port) {
    const size_t colon = url.rfind(':');
    return url.replace(colon + 1, url.rfind('/') - colon - 1, std::to_string(port));
  }
  static PgCluster::Options patient() {
    PgCluster::Options options;
    options.timeout_ms = 60'000;
    options.pool.queue_timeout_ms = 60'000;
    options.pool.connection.connect_timeout_ms = 30'000;
    options.pool.connection.statement_timeout_ms = 60'000;
    return options;
  }
  using Answer = std::optional<PgResult<PgRows>>;
  std::shared_ptr<Answer> start(const PgStatement& statement, int64_t value) {
    auto answer = std::make_shared<Answer>();
    auto job = std::make_unique<PgJob>();
    job->statement = &statement;
    job->params.add(value);
    job->done = [answer](PgResult<PgRows> rows) { answer->emplace(std::move(rows)); };
    cluster->run(std::move(job));
    CHECK_FALSE(answer->has_value());  // never within the call
    return answer;
  }
  PgResult<PgRows> wait(const std::shared_ptr<Answer>& answer) {
    while (!answer->has_value()) loop.run_once(true);
    return std::move(**answer);
  }
  PgResult<PgRows> run(const PgStatement& statement, int64_t value) { return wait(start(statement, value)); }
  int64_t notes() { return database.integer("SELECT count(*) FROM notes"); }
};

}  // namespace

TEST_CASE("postgres: an error stays with its own statement" * doctest::skip(!has_postgres())) {
  PgCluster::Options options = PgClusterFixture::patient();
  options.pool.connections = 1;
  PgClusterFixture f(options);
  std::vector<std::shared_ptr<PgClusterFixture::Answer>> answers;
  for (int64_t n = 0; n < 100; ++n) answers.push_back(f.start(n % 3 == 0 ? kDivide : kEcho, n % 3 == 0 ? 0 : n));
  for (int64_t n = 0; n < 100; ++n) {
    const auto rows = f.wait(answers[static_cast<size_t>(n)]);
    CHECK(rows.has_value() == (n % 3 != 0));
    if (rows) CHECK(rows->integer(0, 0) == n);
    if (!rows) CHECK(rows.error().sqlstate == "22012");
  }
}

TEST_CASE("postgres: a statement that failed once can be used again" * doctest::skip(!has_postgres())) {
  PgCluster::Options options = PgClusterFixture::patient();
  options.pool.connections = 1;
  PgClusterFixture f(options);
  CHECK(f.run(kAdd, 1));
  CHECK(f.run(kAdd, 1).error().sqlstate == "23505");
  CHECK(f.run(kDivide, 0).error().verdict == PgVerdict::refused);
  CHECK(f.run(kDivide, 1)->integer(0, 0) == 1);
  f.database.run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'roost-api' "
      "AND pid <> pg_backend_pid()");
  CHECK(f.run(kEcho, 7)->integer(0, 0) == 7);  // sent again on the connection that is made anew
}

TEST_CASE("postgres: a write whose answer is lost is not sent again" * doctest::skip(!has_postgres())) {
  PgCluster::Options options = PgClusterFixture::patient();
  options.pool.connections = 1;
  PgClusterFixture f(options);
  CHECK(f.run(kEcho, 1));
  CHECK(f.run(kAdd, 1));
  f.relay.arm(CuttingRelay::Direction::to_client, 0, CuttingRelay::Manner::cut);
  const auto lost = f.run(kAdd, 2);
  REQUIRE_FALSE(lost);
  CHECK(lost.error().verdict == PgVerdict::unknown);
  CHECK_FALSE(error_of(lost.error()).retryable);
  CHECK(f.notes() == 2);  // it had arrived
  f.relay.arm(CuttingRelay::Direction::to_client, 0, CuttingRelay::Manner::cut);
  CHECK(f.run(kEcho, 3)->integer(0, 0) == 3);  // a read is
  CHECK(f.relay.has_cut());
}

TEST_CASE("postgres: conflicts are tried again" * doctest::skip(!has_postgres())) {
  PgCluster::Options options = PgClusterFixture::patient();
  PgClusterFixture f(options);
  f.database.run("INSERT INTO notes VALUES(1), (2); ALTER DATABASE \"" + f.database.name() +
                 "\" SET default_transaction_isolation = 'serializable'");
  // Each reads what the others write: in any order but one after the other, all but one are rolled back.
  static constexpr PgStatement kSkewed{"INSERT INTO notes(n) SELECT max(n) + 1 + 0 * $1 FROM notes RETURNING n"};
  std::vector<std::shared_ptr<PgClusterFixture::Answer>> answers;
  for (int i = 0; i < 4; ++i) answers.push_back(f.start(kSkewed, i));
  int made = 0;
  for (const auto& answer : answers) {
    const auto rows = f.wait(answer);
    made += rows.has_value() ? 1 : 0;
    if (!rows) CHECK(rows.error().verdict != PgVerdict::unknown);
  }
  f.database.run("ALTER DATABASE \"" + f.database.name() + "\" RESET default_transaction_isolation");
  CHECK(f.notes() == 2 + made);
  CHECK(made > 0);
}

TEST_CASE("postgres: a statement past its deadline takes its connection with it" * doctest::skip(!has_postgres())) {
  PgCluster::Options options = PgClusterFixture::patient();
  options.timeout_ms = 3000;
  options.pool.connections = 1;
  PgClusterFixture f(options);
  const auto echo = [&f](int64_t value) {  // on a busy machine anything may take too long
    while (!f.run(kEcho, value)) {
    }
  };
  echo(1);
  const auto slow = f.run(kSleep, 30);
  REQUIRE_FALSE(slow);
  CHECK(error_of(slow.error()).retryable);
  echo(2);
}

TEST_CASE("postgres: the server gives a statement up in time" * doctest::skip(!has_postgres())) {
  PgCluster::Options options = PgClusterFixture::patient();
  options.pool.connection.statement_timeout_ms = 100;
  PgClusterFixture f(options);
  const auto slow = f.run(kSlowAdd, 1);
  REQUIRE_FALSE(slow);
  CHECK(slow.error().sqlstate == "57014");
  CHECK(error_of(slow.error()).retryable);
  CHECK(f.notes() == 0);
}

TEST_CASE("postgres: a queue that is full refuses, and one without a server ends") {
  net::EventLoop loop;
  std::vector<std::string> events;
  observe::EventLog log([&](observe::EventLevel, std::string_view line) { events.emplace_back(line); });
  PgCluster::Options options;
  options.url = "postgres://roost:s3cret@127.0.0.1:1/none";
  options.pool.max_queued = 3;
  options.pool.queue_timeout_ms = 50;
  auto cluster = PgCluster::make(loop, log, options);
  REQUIRE(cluster);
  (*cluster)->start();
  int answered = 0;
  std::vector<std::string> whys;
  for (int i = 0; i < 5; ++i) {
    auto job = std::make_unique<PgJob>();
    job->statement = &kEcho;
    job->params.add(int64_t{1});
    job->done = [&](PgResult<PgRows> rows) {
      ++answered;
      REQUIRE_FALSE(rows);
      CHECK(error_of(rows.error()).retryable);
      whys.push_back(rows.error().what);
    };
    (*cluster)->run(std::move(job));
  }
  CHECK((*cluster)->primary().queued() == 3);
  while (answered < 5) loop.run_once(true);
  CHECK(whys[0] == "too many statements wait");
  CHECK(whys[1] == "too many statements wait");
  CHECK(whys[4] == "127.0.0.1:1/none: no connection was free in time");
  REQUIRE_FALSE(events.empty());
  CHECK(events[0].starts_with("database is away"));
  CHECK(events[0].find("s3cret") == std::string::npos);
}

TEST_CASE("postgres: reads go to replicas, and to the primary where none is up" * doctest::skip(!has_postgres())) {
  PgCluster::Options options = PgClusterFixture::patient();
  options.replicas = {"postgres://roost@127.0.0.1:1/none"};
  PgClusterFixture f(options);
  auto answer = std::make_shared<PgClusterFixture::Answer>();
  auto job = std::make_unique<PgJob>();
  job->statement = &kEcho;
  job->params.add(int64_t{5});
  job->done = [answer](PgResult<PgRows> rows) { answer->emplace(std::move(rows)); };
  f.cluster->run_on_replica(std::move(job), INT64_MIN);
  CHECK(f.wait(answer)->integer(0, 0) == 5);
  CHECK(f.cluster->replica_stats().to_primary == 1);
}

namespace {

/// Turns the loop until the replicas may be read, or some round of questions has found that they may not.
ReplicaStats replicas_of(PgClusterFixture& f, std::string_view event) {
  const auto told = [&] {
    return std::any_of(f.events.begin(), f.events.end(), [&](const auto& line) { return line.starts_with(event); });
  };
  while (!told()) f.loop.run_once(true);
  return f.cluster->replica_stats();
}

}  // namespace

TEST_CASE("postgres: what is no standby is not read, and the log says so once" * doctest::skip(!has_postgres())) {
  PgCluster::Options options = PgClusterFixture::patient();
  options.replicas = {postgres_url()};
  options.replica_max_lag_ms = 100;
  PgClusterFixture f(options);
  CHECK(replicas_of(f, "replica is not read").in_use == 0);
  CHECK(f.events.back().find("it is no standby") != std::string::npos);
  const size_t events = f.events.size();
  for (int64_t n = 0; n < 100; ++n) CHECK(f.run(kEcho, n));
  CHECK(f.events.size() == events);
  CHECK(f.cluster->replica_stats().replicas == 1);
}

TEST_CASE("postgres: without a limit of its age whatever is up is read" * doctest::skip(!has_postgres())) {
  PgCluster::Options options = PgClusterFixture::patient();
  options.replicas = {postgres_url()};
  options.replica_max_lag_ms = 0;
  PgClusterFixture f(options);
  while (f.cluster->replica_stats().in_use == 0) f.loop.run_once(true);
  const auto read = [&](int64_t since_ms) {
    auto answer = std::make_shared<PgClusterFixture::Answer>();
    auto job = std::make_unique<PgJob>();
    job->statement = &kEcho;
    job->params.add(int64_t{5});
    job->done = [answer](PgResult<PgRows> rows) { answer->emplace(std::move(rows)); };
    f.cluster->run_on_replica(std::move(job), since_ms);
    CHECK(f.wait(answer)->integer(0, 0) == 5);
  };
  read(INT64_MIN);
  CHECK(f.cluster->replica_stats().reads == 1);
  read(f.loop.now_ms());  // just written here
  CHECK(f.cluster->replica_stats().reads == 1);
  CHECK(f.cluster->replica_stats().to_primary == 1);
}

namespace {

/// Takes connections and says nothing.
class SilentServer {
 public:
  SilentServer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(fd_, generic, size) == 0);
    REQUIRE(::listen(fd_, 16) == 0);
    REQUIRE(::getsockname(fd_, generic, &size) == 0);
    port = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(fd_); }
  int port = 0;

 private:
  int fd_;
};

/// The tests' database, as the last of several hosts.
std::string behind(const std::string& hosts) {
  std::string url = postgres_url();
  return url.insert(url.find("127.0.0.1"), hosts + ",");
}

}  // namespace

TEST_CASE("postgres: a host that cannot be found is passed over" * doctest::skip(!has_postgres())) {
  PgCluster::Options options = PgClusterFixture::patient();
  options.url = behind("does-not-exist.invalid:1");
  PgClusterFixture f(options);
  CHECK(f.run(kEcho, 1));
}

TEST_CASE("postgres: after a host that says nothing the next one is tried" * doctest::skip(!has_postgres())) {
  const SilentServer silent;
  const std::string url = behind(fmt::format("127.0.0.1:{}", silent.port));
  SUBCASE("by the pool") {
    PgCluster::Options options = PgClusterFixture::patient();
    options.url = url;
    options.pool.connection.connect_timeout_ms = 200;
    PgClusterFixture f(options);
    CHECK(f.run(kEcho, 1));
  }
  SUBCASE("by the store of likes") {
    PgScratch database;
    PgLikeStore store(target_of(url), {.connect_timeout_ms = 200}, nullptr, quiet_events());
    CHECK_FALSE(store.applied_seq(journal("j")));
    auto applied = store.applied_seq(journal("j"));
    while (!applied) applied = store.applied_seq(journal("j"));  // on a busy machine anything may take too long
    CHECK(*applied == 0);
  }
}

TEST_CASE("postgres: a host name is looked up without blocking" * doctest::skip(!has_postgres())) {
  PgCluster::Options options = PgClusterFixture::patient();
  options.url = postgres_url();
  const size_t host = options.url.find("127.0.0.1");
  REQUIRE(host != std::string::npos);
  options.url.replace(host, 9, "localhost");
  PgClusterFixture f(options);
  CHECK(f.run(kEcho, 1));
}
