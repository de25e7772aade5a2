#include "proxy/upstream/backend_watch.h"

#include <cstdlib>
#include <fstream>
#include <functional>

#include <doctest/doctest.h>
#include <unistd.h>

#include "tests/support/scripted_backend.h"

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

struct BackendWatchFixture {
  explicit BackendWatchFixture(net::HostPort written, BackendWatchOptions options = {})
      : resolver(loop, hosts.path), owned(std::make_shared<BackendHost>(0, std::move(written))), options_(options) {}
  ~BackendWatchFixture() {
    watch.reset();
    loop.run_once(false);
  }
  void start() {
    watch = std::make_unique<BackendWatch>(loop, resolver, network, options_,
                                           [this](const BackendNews& told) { news.push_back(told.text); });
    watch->watch({owned});
  }
  void run_until(const std::function<bool()>& condition) {
    while (!condition()) loop.run_once(true);
  }
  net::EventLoop loop;
  MemoryNetwork network{loop};
  HostsFile hosts;
  net::Resolver resolver;
  std::shared_ptr<BackendHost> owned;
  BackendHost& host = *owned;
  BackendWatchOptions options_;
  std::vector<std::string> news;
  std::unique_ptr<BackendWatch> watch;
};

net::Address address(const char* text) {
  return *net::Address::parse(text);
}

BackendWatchOptions looking_up_often() {
  BackendWatchOptions options;
  options.resolve_period_ms = 5;
  return options;
}

}  // namespace

TEST_CASE("a written address is in place at once") {
  BackendWatchFixture f({"::1", 9001});
  f.start();
  REQUIRE(f.host.count() == 1);
  CHECK(f.host.at(0).state() == BackendState::up);
  CHECK(f.host.at(0).address() == address("[::1]:9001"));
}

TEST_CASE("a name is looked up, and its changed address followed") {
  BackendWatchFixture f({"api.roost.test", 9001}, looking_up_often());
  f.hosts.write("127.0.0.1 api.roost.test\n");
  f.start();
  CHECK_FALSE(f.host.resolved());
  f.run_until([&] { return f.host.resolved(); });
  CHECK(f.host.at(0).address() == address("127.0.0.1:9001"));
  f.hosts.write("127.0.0.2 api.roost.test\n");
  f.run_until([&] { return f.host.at(0).address() == address("127.0.0.2:9001"); });
  REQUIRE(f.news.size() == 2);  // a change each, however often it was looked up
  CHECK(f.news[1] == "resolved to 127.0.0.2:9001");
}

TEST_CASE("each address of a name is a backend, also those that come later") {
  BackendWatchFixture f({"api.roost.test", 9001}, looking_up_often());
  f.hosts.write("127.0.0.1 api.roost.test\n127.0.0.2 api.roost.test\n");
  f.start();
  f.run_until([&] { return f.host.count() == 2; });
  f.hosts.write("127.0.0.2 api.roost.test\n127.0.0.3 api.roost.test\n127.0.0.4 api.roost.test\n");
  f.run_until([&] { return f.host.count() == 3; });
  for (size_t i = 0; i < 3; ++i) CHECK(f.host.at(i).state() == BackendState::up);
  f.host.at(2).report_connect_failure(f.host.at(2).address());
  f.run_until([&] { return f.news.size() >= 3; });
  CHECK(f.news[2] == "down: takes no connections; tried again in the background");
}

TEST_CASE("a name that does not resolve is told once and tried again until it does") {
  BackendWatchFixture f({"does-not-exist.invalid", 9001});
  f.hosts.write("\n");
  f.start();
  f.run_until([&] { return !f.news.empty(); });
  CHECK(f.news[0].find("does-not-exist.invalid") != std::string::npos);
  CHECK_FALSE(f.host.resolved());
  f.hosts.write("127.0.0.1 does-not-exist.invalid\n");
  f.run_until([&] { return f.host.resolved(); });
  CHECK(f.news.size() == 2);
}

TEST_CASE("what a request's thread reports is looked after on the watch's loop") {
  BackendWatchFixture f({"127.0.0.1", 9001});
  f.start();
  f.host.at(0).eject(f.loop.now_ms(), "5 failures in a row");
  f.run_until([&] { return !f.news.empty(); });
  CHECK(f.news[0] == "ejected for 10s: 5 failures in a row");
}

TEST_CASE("a host that is watched on keeps its backends; one that is not is let go") {
  BackendWatchFixture f({"127.0.0.1", 9001});
  f.start();
  Backend& kept = f.host.at(0);
  const auto other = std::make_shared<BackendHost>(1, net::HostPort{"127.0.0.2", 9001});
  f.watch->watch({f.owned, other});
  CHECK(&f.host.at(0) == &kept);
  CHECK(other->count() == 1);
  f.watch->watch({other});
  CHECK(f.owned.use_count() == 1);
  kept.eject(0, "why");
  CHECK(f.news.empty());
}
