#include "proxy/upstream/connection_pool.h"

#include <vector>

#include <doctest/doctest.h>

#include "common/http/server.h"
#include "common/net/tcp_listener.h"

using namespace roost;
using namespace roost::proxy;

namespace {

/// Answers everything with 200, on a listener of its own.
class TinyServer final : public http::RequestAcceptor {
 public:
  explicit TinyServer(net::EventLoop& loop) : server_(std::make_unique<http::Server>(loop, limits_, *this)) {
    auto listener = net::TcpListener::listen(loop, *net::Address::parse("127.0.0.1:0"), {},
                                             [this](net::StreamPtr stream) { server_->adopt(std::move(stream)); });
    REQUIRE(listener);
    listener_ = std::move(*listener);
  }
  net::Address address() const { return listener_->address(); }
  void close_connections() { server_->drain(); }

 private:
  void on_request(http::Responder& responder, const http::RequestHead&) override { responder.respond({}, {}); }
  void on_refused(const net::Address&, int, const Error&) override {}
  http::ServerLimits limits_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<net::TcpListener> listener_;
};

struct Answer final : http::ResponseReceiver {
  void on_response_head(const http::ResponseHead&) override {}
  void on_response_body(std::string_view) override {}
  void on_response_end() override { ended = true; }
  void on_exchange_failed(const Error&, http::Progress) override { failed = true; }
  bool ended = false;
  bool failed = false;
};

struct Fixture {
  explicit Fixture(ConnectionPoolOptions pool_options)
      : options(pool_options), server(loop), backend(0, {"127.0.0.1", server.address().port()}, 1) {
    backend.set_addresses({server.address()});
    pool = std::make_unique<ConnectionPool>(loop, backend, options);
  }
  /// One request on a connection of the pool, which is not given back yet.
  std::unique_ptr<http::ClientConnection> exchange(bool expect_reused) {
    ConnectionPool::Taken taken = pool->take();
    CHECK(taken.reused == expect_reused);
    Answer answer;
    http::RequestStart request;
    request.fields = "Host: h\r\n";
    taken.connection->start(request, {}, &answer);
    while (!answer.ended && !answer.failed) loop.run_once(true);
    CHECK(answer.ended);
    return std::move(taken.connection);
  }
  int64_t idle_shown() const { return backend.statistics().idle_connections.load(); }

  net::EventLoop loop;
  ConnectionPoolOptions options;
  TinyServer server;
  Backend backend;
  std::unique_ptr<ConnectionPool> pool;
};

}  // namespace

TEST_CASE("a connection is used again, the one used last first") {
  Fixture f({});
  auto first = f.exchange(false);
  auto second = f.exchange(false);
  const http::ClientConnection* last = second.get();
  f.pool->give_back(std::move(first));
  f.pool->give_back(std::move(second));
  CHECK(f.pool->idle_count() == 2);
  CHECK(f.idle_shown() == 2);
  auto again = f.exchange(true);
  CHECK(again.get() == last);
  CHECK(f.backend.statistics().connections.load() == 2);
  f.pool->give_back(std::move(again));
  CHECK_FALSE(f.pool->take_new().reused);
}

TEST_CASE("no more are kept than the bound; the oldest goes") {
  ConnectionPoolOptions options;
  options.max_idle = 3;
  Fixture f(options);
  std::vector<std::unique_ptr<http::ClientConnection>> taken;
  for (int i = 0; i < 5; ++i) taken.push_back(f.exchange(false));
  for (auto& connection : taken) f.pool->give_back(std::move(connection));
  CHECK(f.pool->idle_count() == 3);
  CHECK(f.idle_shown() == 3);
}

TEST_CASE("none are kept when none may be") {
  ConnectionPoolOptions options;
  options.max_idle = 0;
  Fixture f(options);
  f.pool->give_back(f.exchange(false));
  CHECK(f.pool->idle_count() == 0);
}

TEST_CASE("an idle connection that the backend closes leaves the pool") {
  Fixture f({});
  f.pool->give_back(f.exchange(false));
  f.server.close_connections();
  while (f.pool->idle_count() > 0) f.loop.run_once(true);
  CHECK(f.idle_shown() == 0);
}

TEST_CASE("an idle connection is closed when its time is over") {
  ConnectionPoolOptions options;
  options.idle_timeout_ms = 5;
  Fixture f(options);
  f.pool->give_back(f.exchange(false));
  f.pool->give_back(f.exchange(true));
  while (f.pool->idle_count() > 0) f.loop.run_once(true);
  CHECK(f.idle_shown() == 0);
}

TEST_CASE("connections to an address that the name has no more are not used") {
  Fixture f({});
  TinyServer elsewhere(f.loop);
  f.pool->give_back(f.exchange(false));
  f.backend.set_addresses({elsewhere.address(), f.server.address()});
  f.pool->give_back(f.exchange(true));  // it still has that one
  f.backend.set_addresses({elsewhere.address()});
  auto moved = f.exchange(false);
  CHECK(moved->backend() == elsewhere.address());
  CHECK(f.pool->idle_count() == 0);
}

TEST_CASE("a pool that goes closes what it holds") {
  Fixture f({});
  f.pool->give_back(f.exchange(false));
  f.pool.reset();
  CHECK(f.idle_shown() == 0);
}
