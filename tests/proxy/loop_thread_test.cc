#include "proxy/loop_thread.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "common/net/tcp_listener.h"
#include "common/net/tcp_stream.h"

using namespace roost;
using namespace roost::proxy;

namespace {

/// A backend on the test's loop. It answers with its name, except requests for /held, which wait for release().
class NamedServer final : public http::RequestAcceptor {
 public:
  NamedServer(net::EventLoop& loop, std::string name) : name_(std::move(name)), server_(loop, {}, *this) {
    auto listener = net::TcpListener::listen(loop, *net::Address::parse("127.0.0.1:0"), {},
                                             [this](net::StreamPtr stream) { server_.adopt(std::move(stream)); });
    REQUIRE(listener);
    listener_ = std::move(*listener);
  }
  std::string address() const { return listener_->address().to_string(); }
  bool holds() const { return held_ != nullptr; }
  void release() { answer(*std::exchange(held_, nullptr)); }

 private:
  struct Ignored final : http::RequestReceiver {
    void on_request_body(std::string_view) override {}
    void on_request_end() override {}
    void on_client_gone(const Error&) override {}
  };
  void on_request(http::Responder& responder, const http::RequestHead& head) override {
    if (head.path != "/held") return answer(responder);
    responder.attach(&ignored_);
    held_ = &responder;
  }
  void on_refused(http::Responder&, const http::RefusedRequest&) override {}
  void answer(http::Responder& responder) {
    const Slice body{std::string_view(name_)};
    http::ResponseStart start;
    start.body = http::BodyLength::known(name_.size());
    responder.respond(start, {&body, 1});
  }

  std::string name_;
  Ignored ignored_;
  http::Responder* held_ = nullptr;
  http::Server server_;
  std::unique_ptr<net::TcpListener> listener_;
};

/// A client of the proxy: one request on a connection of its own.
class Client final : public net::StreamReceiver {
 public:
  Client(net::EventLoop& loop, const net::Address& proxy, const std::string& path)
      : stream_(net::TcpStream::connect(loop, proxy)) {
    request_ = "GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    stream_->set_receiver(this);
    stream_->start_reading();
  }
  bool ended() const { return ended_; }
  /// The last byte of the response, which is the name of the backend.
  char answered_by() const { return received_.empty() ? '?' : received_.back(); }

 private:
  void on_connected() override {
    const Slice piece{std::string_view(request_)};
    stream_->write({&piece, 1});
  }
  void on_data(std::string_view bytes) override { received_ += bytes; }
  void on_end() override { ended_ = true; }
  void on_error(const Error&) override { ended_ = true; }

  std::string request_;
  std::string received_;
  bool ended_ = false;
  net::StreamPtr stream_;
};

struct Fixture {
  explicit Fixture(bool cached) : route_cached(cached) {
    runtime = std::make_unique<Runtime>(config({a.address(), b.address()}), events);
  }

  Config config(std::vector<std::string> backends) const {
    Config config;
    config.proxy.access_log = "off";
    config.pools.push_back({"p", "round_robin", std::move(backends), {}});
    RouteSection route;
    route.pool = "p";
    route.cache = route_cached;
    config.routes.push_back(route);
    return config;
  }
  /// A site with this backend alone, resolved.
  std::shared_ptr<const Site> site_of(const NamedServer& server) {
    auto site = std::make_shared<const Site>(config({server.address()}), runtime->backends);
    for (const auto& backend : site->backends) backend->set_addresses({*net::Address::parse(backend->name())});
    return site;
  }
  void run_until(const std::function<bool()>& done) {
    struct Patience {
      void run_out() { ended = true; }
      bool ended = false;
    } patience;
    net::Timer limit = net::Timer::of<&Patience::run_out>(loop.timers(), &patience);
    limit.start_ms(20'000);
    while (!done()) {
      REQUIRE_FALSE(patience.ended);
      loop.run_once(false);
      std::this_thread::yield();
    }
  }
  /// Asks for something that is not cached; returns the name of the backend that answers.
  char get(const net::Address& proxy) {
    Client client(loop, proxy, "/" + std::to_string(++paths));
    run_until([&] { return client.ended(); });
    return client.answered_by();
  }

  const bool route_cached;
  int paths = 0;
  net::EventLoop loop;
  NamedServer a{loop, "A"};
  NamedServer b{loop, "B"};
  observe::EventLog events;
  std::unique_ptr<Runtime> runtime;
};

}  // namespace

TEST_CASE("a loop thread uses the site posted to it; a request in progress keeps its own") {
  bool cached = false;
  SUBCASE("passed") {}
  SUBCASE("fetched for the cache") {
    cached = true;
  }
  Fixture f(cached);
  f.runtime->site = f.site_of(f.a);
  const std::weak_ptr<const Site> first = f.runtime->site;
  const std::weak_ptr<BackendHost> backend_a = f.runtime->site->backends[0];
  auto made = LoopThread::make(*f.runtime, {*net::Address::parse("127.0.0.1:0")}, 0, 1);
  REQUIRE(made);
  LoopThread& thread = **made;
  const net::Address proxy = thread.listening_on().front();
  thread.start();
  CHECK(f.get(proxy) == 'A');
  Client held(f.loop, proxy, "/held");
  f.run_until([&] { return f.a.holds(); });
  CHECK(backend_a.lock()->at(0).active() == 1);

  f.runtime->site = f.site_of(f.b);
  thread.use_site(f.runtime->site);
  f.run_until([&] { return f.get(proxy) == 'B'; });  // the site is posted: requests may overtake it
  CHECK_FALSE(held.ended());
  CHECK_FALSE(first.expired());
  CHECK(f.runtime->backends.in_use() == 2);

  f.a.release();
  f.run_until([&] { return held.ended(); });
  CHECK(held.answered_by() == 'A');
  f.run_until([&] { return first.expired(); });
  CHECK(backend_a.expired());
  CHECK(f.runtime->backends.in_use() == 1);
  CHECK(f.get(proxy) == 'B');
}

TEST_CASE("a loop that finds no place gets one from another loop's idle connections") {
  Fixture f(/*cached=*/false);
  f.runtime->site = f.site_of(f.a);
  f.runtime->connections.set_total(1);
  auto one = LoopThread::make(*f.runtime, {*net::Address::parse("127.0.0.1:0")}, 0, 2);
  auto two = LoopThread::make(*f.runtime, {*net::Address::parse("127.0.0.1:0")}, 1, 2);
  REQUIRE(one);
  REQUIRE(two);
  const net::Address at_one = (*one)->listening_on().front();
  const net::Address at_two = (*two)->listening_on().front();
  (*one)->start();
  (*two)->start();
  const net::StreamPtr silent = net::TcpStream::connect(f.loop, at_one);
  f.run_until([&] { return f.runtime->connections.open() == 1; });
  f.run_until([&] { return f.get(at_two) == 'A'; });  // told at first that there is no room
}

TEST_CASE("backends that both sites name keep their connections and counters") {
  Fixture f(/*cached=*/false);
  f.runtime->site = f.site_of(f.a);
  auto made = LoopThread::make(*f.runtime, {*net::Address::parse("127.0.0.1:0")}, 0, 1);
  REQUIRE(made);
  (*made)->start();
  const net::Address proxy = (*made)->listening_on().front();
  CHECK(f.get(proxy) == 'A');
  const std::weak_ptr<const Site> first = f.runtime->site;
  f.runtime->site = f.site_of(f.a);
  (*made)->use_site(f.runtime->site);
  f.run_until([&] { return first.expired(); });
  CHECK(f.get(proxy) == 'A');
  Backend& backend = f.runtime->site->backends[0]->at(0);
  CHECK(backend.statistics().requests.load() == 2);
  CHECK(backend.statistics().connections.load() == 1);
}
