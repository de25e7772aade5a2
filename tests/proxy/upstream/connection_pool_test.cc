#include "proxy/upstream/connection_pool.h"

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/http/server.h"
#include "common/net/tcp_listener.h"
#include "tests/support/driven_loop.h"
#include "tests/support/field_text.h"
#include "tests/support/scripted_backend.h"

using namespace roost;
using namespace roost::proxy;
using http::Progress;

namespace {

/// One request's sender.
struct Sender final : http::ResponseReceiver {
  void on_response_head(const http::ResponseHead& head) override {
    status = head.status;
    if (at_head) at_head();
  }
  void on_response_body(std::string_view bytes) override { body += bytes; }
  void on_response_end() override {
    ended = true;
    if (at_end) at_end();
  }
  void on_exchange_failed(const Error& why, Progress how_far) override {
    failed = true;
    error = why;
    progress = how_far;
    if (at_end) at_end();
  }
  bool over() const { return ended || failed; }

  std::function<void()> at_head;
  std::function<void()> at_end;
  std::string body;
  Error error;
  Progress progress = Progress::head_received;
  int status = 0;
  bool ended = false;
  bool failed = false;
};

/// A pool of connections to one backend in memory.
struct ConnectionPoolFixture {
  explicit ConnectionPoolFixture(const ConnectionPoolOptions& options = {}) : pool_options(options) {
    make_pool(network);
  }
  void make_pool(Connector& connector) {
    backend.set_address(script.address());
    pool = std::make_unique<ConnectionPool>(time.loop(), connector, backend, pool_options);
  }
  ConnectionPool::Begun begin(Sender& sender, ConnectionPool::Reuse reuse = ConnectionPool::Reuse::allowed) {
    http::RequestStart request;
    request.target = "/a";
    request.fields = http::fields_of("Host: h\r\n");
    return pool->begin(request, {}, &sender, reuse);
  }
  /// One whole request. Returns whether its connection was reused.
  bool exchange() {
    Sender sender;
    const bool reused = begin(sender).reused;
    network.run();
    CHECK(sender.ended);
    CHECK(sender.body == "ok");
    return reused;
  }
  /// So many requests at the same time, each on a connection of its own; all are answered.
  void exchange_at_once(size_t count) {
    std::vector<Sender> senders(count);
    for (Sender& sender : senders) begin(sender);
    CHECK(pool->busy_count() == count);
    network.run();
    for (const Sender& sender : senders) CHECK(sender.ended);
    CHECK(pool->busy_count() == 0);
  }
  void advance_ms(int64_t by_ms) {
    time.advance_ms(by_ms);
    network.run();
  }
  int64_t idle_shown() { return backend.statistics().idle_connections.load(); }
  uint64_t opened() { return backend.statistics().connections.load(); }
  uint64_t connect_failures() { return backend.statistics().connect_failures.load(); }

  net::DrivenLoop time;
  MemoryNetwork network{time.loop()};
  ScriptedBackend& script = network.listen("10.0.0.1:80");
  Backend backend{0, {"10.0.0.1", 80}};
  ConnectionPoolOptions pool_options;
  std::unique_ptr<ConnectionPool> pool;
};

}  // namespace

TEST_CASE("a connection is reused, the one used last first") {
  ConnectionPoolFixture f;
  f.exchange_at_once(2);
  CHECK(f.pool->idle_count() == 2);
  CHECK(f.idle_shown() == 2);
  CHECK(f.exchange());
  CHECK(f.exchange());
  REQUIRE(f.script.requests().size() == 4);
  CHECK(f.script.requests()[2].connection == f.script.requests()[1].connection);
  CHECK(f.script.requests()[3].connection == f.script.requests()[1].connection);
  CHECK(f.opened() == 2);
}

TEST_CASE("where reuse is not allowed a new connection is opened") {
  ConnectionPoolFixture f;
  f.exchange();
  Sender sender;
  CHECK_FALSE(f.begin(sender, ConnectionPool::Reuse::never).reused);
  f.network.run();
  CHECK(sender.ended);
  CHECK(f.opened() == 2);
  CHECK(f.pool->idle_count() == 2);
}

TEST_CASE("a request begun inside the end of another reuses its connection") {
  ConnectionPoolFixture f;
  Sender first;
  Sender second;
  bool reused = false;
  SUBCASE("after a whole response") {
    first.at_end = [&] { reused = f.begin(second).reused; };
    f.begin(first);
    f.network.run();
    CHECK(reused);
    CHECK(f.opened() == 1);
  }
  SUBCASE("but not after a failure") {
    first.at_end = [&] { reused = f.begin(second).reused; };
    f.script.close();
    f.begin(first);
    f.network.run();
    CHECK(first.failed);
    CHECK_FALSE(reused);
    CHECK(f.opened() == 2);
  }
  CHECK(second.ended);
  CHECK(f.pool->idle_count() == 1);
}

TEST_CASE("no more are kept than the bound; the least recently used is closed") {
  ConnectionPoolOptions options;
  options.max_idle = 3;
  ConnectionPoolFixture f(options);
  f.exchange_at_once(5);
  CHECK(f.pool->idle_count() == 3);
  CHECK(f.idle_shown() == 3);
  for (size_t i = 0; i < 5; ++i) CHECK(f.script.connection(i).closed() == (i < 2));
}

TEST_CASE("none are kept when none may be") {
  ConnectionPoolOptions options;
  options.max_idle = 0;
  ConnectionPoolFixture f(options);
  f.exchange();
  CHECK(f.pool->idle_count() == 0);
  CHECK(f.script.open_count() == 0);
}

TEST_CASE("a connection that cannot be reused is closed") {
  ConnectionPoolFixture f;
  f.script.answer(response(200, "ok", "Connection: close\r\n"));
  f.exchange();
  CHECK(f.pool->idle_count() == 0);
  CHECK(f.script.open_count() == 0);
  CHECK_FALSE(f.exchange());
}

TEST_CASE("an idle connection that the backend ends leaves the pool") {
  for (const bool by_bytes : {false, true}) {
    ConnectionPoolFixture f;
    f.exchange();
    by_bytes ? f.script.last_connection().feed("bytes without a request") : f.script.last_connection().feed_end();
    CHECK(f.pool->idle_count() == 0);
    CHECK(f.idle_shown() == 0);
    CHECK(f.connect_failures() == 0);
    CHECK(f.backend.state() == BackendState::up);
  }
}

TEST_CASE("an idle connection is closed when its time is over") {
  ConnectionPoolOptions options;
  options.idle_timeout_ms = 5'000;
  ConnectionPoolFixture f(options);
  f.exchange_at_once(2);
  f.advance_ms(3'000);
  CHECK(f.exchange());
  f.advance_ms(1'999);
  CHECK(f.pool->idle_count() == 2);
  f.advance_ms(1);
  CHECK(f.pool->idle_count() == 1);  // the one not used since
  f.advance_ms(2'999);
  CHECK(f.pool->idle_count() == 1);
  f.advance_ms(1);
  CHECK(f.pool->idle_count() == 0);
  CHECK(f.idle_shown() == 0);
  CHECK(f.script.open_count() == 0);
}

TEST_CASE("connections to an address that the backend has no more are not used") {
  ConnectionPoolFixture f;
  ScriptedBackend& elsewhere = f.network.listen("10.0.0.2:80");
  f.exchange();
  f.backend.set_address(f.script.address());
  CHECK(f.exchange());  // it still has that one
  f.backend.set_address(elsewhere.address());
  CHECK_FALSE(f.exchange());
  CHECK(elsewhere.requests().size() == 1);
  CHECK(f.script.open_count() == 0);
  CHECK(f.pool->idle_count() == 1);
}

TEST_CASE("a pool that goes closes what it holds") {
  ConnectionPoolFixture f;
  f.exchange();
  f.script.hold();
  Sender under_way;
  f.begin(under_way, ConnectionPool::Reuse::never);
  f.network.run();
  CHECK(f.script.open_count() == 2);
  f.pool.reset();
  CHECK(f.idle_shown() == 0);
  CHECK(f.script.open_count() == 0);
  f.network.run();
  CHECK_FALSE(under_way.over());
}

TEST_CASE("a connection that is made marks its backend as up, one that is not as down") {
  ConnectionPoolFixture f;
  f.script.accept(ScriptedBackend::Accepts::refuses);
  Sender refused;
  bool down_when_told = false;
  refused.at_end = [&] { down_when_told = f.backend.down(); };
  f.begin(refused);
  CHECK_FALSE(refused.over());  // not from inside the call
  f.network.run();
  CHECK(refused.progress == Progress::not_connected);
  CHECK(down_when_told);
  CHECK(f.connect_failures() == 1);
  CHECK(f.pool->busy_count() == 0);
  f.script.accept(ScriptedBackend::Accepts::yes);
  f.script.hold();
  Sender waiting;
  f.begin(waiting);
  f.network.run();
  CHECK_FALSE(waiting.over());  // connecting is enough
  CHECK(f.backend.state() == BackendState::up);
}

TEST_CASE("connecting is given so much time") {
  ConnectionPoolFixture f;
  f.script.accept(ScriptedBackend::Accepts::ignores);
  Sender sender;
  f.begin(sender);
  f.advance_ms(f.pool_options.limits.connect_timeout_ms - 1);
  CHECK_FALSE(sender.over());
  f.advance_ms(1);
  CHECK(sender.progress == Progress::not_connected);
  CHECK(sender.error.code == ETIMEDOUT);
  CHECK(f.connect_failures() == 1);
  CHECK(f.backend.down());
}

TEST_CASE("an exchange that breaks is no failure to connect") {
  ConnectionPoolFixture f;
  Sender sender;
  SUBCASE("before the response") {
    f.script.reset();
    f.begin(sender);
    f.network.run();
    CHECK(sender.progress == Progress::nothing_back);
  }
  SUBCASE("within it") {
    f.script.answer_and_close("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntrunc");
    f.begin(sender);
    f.network.run();
    CHECK(sender.progress == Progress::head_received);
  }
  CHECK(sender.failed);
  CHECK(f.connect_failures() == 0);
  CHECK(f.backend.state() == BackendState::up);
  CHECK(f.pool->busy_count() == 0);
  CHECK(f.script.open_count() == 0);
}

TEST_CASE("a cancelled request closes its connection and hears nothing more") {
  ConnectionPoolFixture f;
  Sender sender;
  SUBCASE("while connecting: not held against the backend") {
    f.script.accept(ScriptedBackend::Accepts::refuses);
    f.begin(sender).stream.cancel();
  }
  SUBCASE("before the response") {
    f.script.hold();
    http::RequestStream& stream = f.begin(sender).stream;
    f.network.run();
    stream.cancel();
  }
  SUBCASE("inside the response's head") {
    http::RequestStream& stream = f.begin(sender).stream;
    sender.at_head = [&] { stream.cancel(); };
    f.network.run();
    CHECK(sender.status == 200);
  }
  CHECK(f.pool->busy_count() == 0);
  CHECK(f.pool->idle_count() == 0);
  CHECK(f.script.open_count() == 0);
  f.advance_ms(100'000);
  CHECK_FALSE(sender.over());
  CHECK(f.connect_failures() == 0);
  CHECK(f.backend.state() == BackendState::up);
}

TEST_CASE("a connection is told apart by its own requests, whatever happens to others") {
  ConnectionPoolFixture f;
  f.script.hold().close();
  Sender held;
  Sender closed;
  f.begin(held);
  f.begin(closed);
  f.network.run();
  CHECK(closed.failed);
  CHECK_FALSE(held.over());
  CHECK(f.pool->busy_count() == 1);
  f.script.connection(0).feed(response(200, "late"));
  CHECK(held.body == "late");
  CHECK(f.pool->idle_count() == 1);
}

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
  void on_refused(http::Responder&, const http::RefusedRequest&) override {}
  http::ServerLimits limits_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<net::TcpListener> listener_;
};

}  // namespace

TEST_CASE("over TCP a connection is reused until the backend closes it") {
  net::EventLoop loop;
  TinyServer server(loop);
  TcpConnector connector(loop);
  Backend backend(0, {"127.0.0.1", server.address().port()});
  backend.set_address(server.address());
  ConnectionPool pool(loop, connector, backend, {});
  http::RequestStart request;
  request.fields = http::fields_of("Host: h\r\n");
  for (const bool reused : {false, true}) {
    Sender sender;
    CHECK(pool.begin(request, {}, &sender).reused == reused);
    while (!sender.over()) loop.run_once(true);
    CHECK(sender.status == 200);
  }
  server.close_connections();
  while (pool.idle_count() > 0) loop.run_once(true);
  CHECK(backend.statistics().idle_connections.load() == 0);
}
