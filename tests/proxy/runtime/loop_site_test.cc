#include "proxy/runtime/loop_site.h"

#include <doctest/doctest.h>

#include "tests/support/driven_loop.h"
#include "tests/support/field_text.h"
#include "tests/support/scripted_backend.h"

using namespace roost;
using namespace roost::proxy;

namespace {

struct Sender final : http::ResponseReceiver {
  void on_response_head(const http::ResponseHead&) override {}
  void on_response_body(std::string_view) override {}
  void on_response_end() override {
    ended = true;
    if (at_end) at_end();
  }
  void on_exchange_failed(const Error&, http::Progress) override { failed = true; }
  std::function<void()> at_end;
  bool ended = false;
  bool failed = false;
};

struct Fixture {
  Fixture() {
    network.listen("10.0.0.1:80");
    network.listen("10.0.0.2:80");
  }
  ~Fixture() { time.turn(); }  // closes the connections of released sites, before the network goes
  /// The loop's next site, with these backends.
  std::shared_ptr<LoopSite> make(std::vector<std::string> backends, const LoopSite* previous,
                                 ConnectionPoolOptions options = {}) {
    Config config;
    config.pools.push_back({"p", "round_robin", std::move(backends), {}});
    auto site = std::make_shared<Site>(config, registry);
    site->connections = options;
    for (const auto& backend : site->backends) {
      backend->set_addresses({*net::Address::parse(backend->name())});
    }
    return LoopSite::make(time.loop(), network, site, previous);
  }
  static ConnectionPool& connections(LoopSite& site, size_t index) {
    return site.connections_to(site.site().backends[index]->at(0));
  }
  void begin(ConnectionPool& pool, Sender& sender) {
    http::RequestStart request;
    request.fields = http::fields_of("Host: h\r\n");
    pool.begin(request, {}, &sender);
  }
  /// One request, so that a connection is idle.
  void exchange(ConnectionPool& pool) {
    Sender sender;
    begin(pool, sender);
    network.run();
    CHECK(sender.ended);
  }

  net::DrivenLoop time;
  MemoryNetwork network{time.loop()};
  BackendRegistry registry;
};

}  // namespace

TEST_CASE("the next site shares connections to the backends it has in common") {
  Fixture f;
  auto first = f.make({"10.0.0.1:80", "10.0.0.2:80"}, nullptr);
  f.exchange(f.connections(*first, 0));
  f.exchange(f.connections(*first, 1));
  auto second = f.make({"10.0.0.2:80"}, first.get());
  CHECK(&f.connections(*second, 0) == &f.connections(*first, 1));
  CHECK(f.connections(*second, 0).idle_count() == 1);
  CHECK(f.registry.in_use() == 2);
  first.reset();
  f.time.turn();
  CHECK(f.registry.in_use() == 1);
  CHECK(f.connections(*second, 0).idle_count() == 1);
  f.exchange(f.connections(*second, 0));
  CHECK(second->site().backends[0]->at(0).statistics().connections.load() == 1);
}

TEST_CASE("with other limits the next site makes connections of its own") {
  Fixture f;
  auto first = f.make({"10.0.0.1:80"}, nullptr);
  f.exchange(f.connections(*first, 0));
  const auto backend = first->site().backends[0];
  CHECK(backend->at(0).statistics().idle_connections.load() == 1);
  ConnectionPoolOptions options;
  options.limits.connect_timeout_ms = 1;
  auto second = f.make({"10.0.0.1:80"}, first.get(), options);
  CHECK(&f.connections(*second, 0) != &f.connections(*first, 0));
  first.reset();
  f.time.turn();
  CHECK(backend->at(0).statistics().idle_connections.load() == 0);
}

TEST_CASE("a site released in an event of its last connection goes at the end of the turn") {
  Fixture f;
  auto first = f.make({"10.0.0.1:80"}, nullptr);
  Sender sender;
  f.begin(f.connections(*first, 0), sender);
  auto second = f.make({"10.0.0.2:80"}, first.get());
  sender.at_end = [&] {
    first.reset();
    CHECK(f.registry.in_use() == 2);  // the connection that tells of the end is among what would go
  };
  f.network.run();
  f.time.turn();
  CHECK(sender.ended);
  CHECK(f.registry.in_use() == 1);
}
