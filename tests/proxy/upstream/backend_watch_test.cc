#include "proxy/upstream/backend_watch.h"

#include <cstdlib>
#include <fstream>
#include <functional>

#include <doctest/doctest.h>
#include <unistd.h>

#include "common/net/tcp_listener.h"

using namespace roost;
using namespace roost::proxy;

namespace {

struct HostsFile {
  HostsFile() {
    const int descriptor = mkstemp(path);
    REQUIRE(descriptor >= 0);
    ::close(descriptor);
  }
  ~HostsFile() { ::unlink(path); }
  void write(const std::string& text) { std::ofstream(path) << text; }
  char path[32] = "/tmp/roost-hosts-XXXXXX";
};

struct Fixture {
  explicit Fixture(net::HostPort host, BackendWatchOptions options = {})
      : resolver(loop, hosts.path), owned(std::make_shared<Backend>(0, std::move(host))), options_(options) {}
  void start() {
    watch = std::make_unique<BackendWatch>(
        loop, resolver, options_, [this](const Backend&, const std::string& text, bool) { news.push_back(text); });
    watch->watch({owned});
  }
  void run_until(const std::function<bool()>& condition) {
    while (!condition()) loop.run_once(true);
  }
  net::EventLoop loop;
  HostsFile hosts;
  net::Resolver resolver;
  std::shared_ptr<Backend> owned;
  Backend& backend = *owned;
  BackendWatchOptions options_;
  std::vector<std::string> news;
  std::unique_ptr<BackendWatch> watch;
};

}  // namespace

TEST_CASE("a written address is in place at once") {
  Fixture f({"::1", 9001});
  f.start();
  CHECK(f.backend.state() == BackendState::up);
  CHECK(f.backend.current_address() == *net::Address::parse("[::1]:9001"));
}

TEST_CASE("a name is looked up, and its changed address followed") {
  BackendWatchOptions options;
  options.resolve_period_ms = 5;
  Fixture f({"api.roost.test", 9001}, options);
  f.hosts.write("127.0.0.1 api.roost.test\n");
  f.start();
  CHECK(f.backend.state() == BackendState::unresolved);
  f.run_until([&] { return f.backend.resolved(); });
  CHECK(f.backend.current_address() == *net::Address::parse("127.0.0.1:9001"));
  f.hosts.write("127.0.0.2 api.roost.test\n");
  f.run_until([&] { return f.backend.current_address() == *net::Address::parse("127.0.0.2:9001"); });
  REQUIRE(f.news.size() == 2);  // a change each, however often it was looked up
  CHECK(f.news[1] == "resolved to 127.0.0.2:9001");
}

TEST_CASE("a name that does not resolve is told once and tried again until it does") {
  Fixture f({"does-not-exist.invalid", 9001});
  f.hosts.write("\n");
  f.start();
  f.run_until([&] { return !f.news.empty(); });
  CHECK(f.news[0].find("does-not-exist.invalid") != std::string::npos);
  CHECK(f.backend.state() == BackendState::unresolved);
  f.hosts.write("127.0.0.1 does-not-exist.invalid\n");
  f.run_until([&] { return f.backend.resolved(); });
  CHECK(f.news.size() == 2);
}

TEST_CASE("a backend that is down is probed until it takes a connection") {
  Fixture f({"127.0.0.1", 1});
  std::unique_ptr<net::TcpListener> listener;
  const auto listen = [&](const net::Address& address) {
    auto made = net::TcpListener::listen(f.loop, address, {}, [](net::StreamPtr) {});
    REQUIRE(made);
    listener = std::move(*made);
  };
  listen(*net::Address::parse("127.0.0.1:0"));
  const net::Address address = listener->address();
  listener.reset();
  f.start();
  f.backend.set_addresses({address});
  f.backend.report_connect_failure(address);
  f.run_until([&] { return f.backend.statistics().connect_failures.load() >= 2; });  // a probe has failed
  CHECK(f.backend.state() == BackendState::down);
  listen(address);
  f.run_until([&] { return f.backend.state() == BackendState::up; });
  CHECK(f.news == std::vector<std::string>{"down: no address accepts connections; probing in the background",
                                           "up: accepts connections again"});
}
