#include "proxy/upstream/pool.h"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

using namespace roost;
using namespace roost::proxy;

namespace {

/// Backends at 127.0.0.1:9001 and up, all resolved.
struct Backends {
  explicit Backends(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      owned.push_back(std::make_unique<BackendHost>(i, net::HostPort{"127.0.0.1", static_cast<uint16_t>(9001 + i)}));
      owned.back()->set_addresses({address(i)});
      all.push_back(&owned.back()->at(0));
    }
  }
  static net::Address address(uint32_t i) { return *net::Address::parse("127.0.0.1:" + std::to_string(9001 + i)); }
  Backend& operator[](size_t i) { return *all[i]; }
  std::vector<PoolMember> members() const {
    std::vector<PoolMember> members;
    for (const auto& host : owned) members.push_back({host.get()});
    return members;
  }
  std::vector<std::unique_ptr<BackendHost>> owned;
  std::vector<Backend*> all;
};

}  // namespace

TEST_CASE("a chosen backend is counted until its lease ends") {
  Backends backends(1);
  Pool pool(0, "p", Balance::least_connections, backends.members());
  Random random(1);
  {
    BackendLease lease = pool.choose(random, 0, {});
    CHECK(backends[0].active() == 1);
    BackendLease moved = std::move(lease);
    CHECK(backends[0].active() == 1);
    BackendLease second = pool.choose(random, 0, {});
    CHECK(backends[0].active() == 2);
    second = std::move(moved);
    CHECK(backends[0].active() == 1);
  }
  CHECK(backends[0].active() == 0);
}

TEST_CASE("three equal backends share sixteen requests evenly") {
  Backends backends(3);
  Pool pool(0, "p", Balance::least_connections, backends.members());
  Random random(1);
  std::vector<BackendLease> leases;
  for (int i = 0; i < 16; ++i) leases.push_back(pool.choose(random, 0, {}));
  for (const Backend* backend : backends.all) {
    CHECK(backend->active() >= 5);
    CHECK(backend->active() <= 6);
  }
}

TEST_CASE("threads that choose at the same time do not herd") {
  Backends backends(3);
  Pool pool(0, "p", Balance::least_connections, backends.members());
  constexpr int kThreads = 4;
  constexpr int kEach = 30;
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  std::vector<std::vector<BackendLease>> leases(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Random random(static_cast<uint64_t>(t) + 1);
      ready.fetch_add(1);
      while (ready.load() < kThreads) std::this_thread::yield();
      for (int i = 0; i < kEach; ++i) leases[t].push_back(pool.choose(random, 0, {}));
    });
  }
  for (auto& thread : threads) thread.join();
  // A choice that lost eight races in a row counts without looking again, hence the one.
  for (const Backend* backend : backends.all) {
    CHECK(backend->active() >= kThreads * kEach / 3 - 1);
    CHECK(backend->active() <= kThreads * kEach / 3 + 1);
  }
}

TEST_CASE("unresolved, draining and tried backends are passed over") {
  Backends backends(3);
  backends.owned.push_back(std::make_unique<BackendHost>(3, net::HostPort{"nowhere.invalid", 1}));
  Pool pool(0, "p", Balance::least_connections, backends.members());
  CHECK_FALSE(backends.owned[3]->resolved());
  backends[1].set_draining(true);
  TriedBackends tried;
  tried.add(backends[0]);
  Random random(1);
  for (int i = 0; i < 50; ++i) CHECK(pool.choose(random, 0, tried).get() == &backends[2]);
  tried.add(backends[2]);
  CHECK_FALSE(pool.choose(random, 0, tried));
}

TEST_CASE("a backend that is down is used only when no other is up") {
  Backends backends(2);
  Pool pool(0, "p", Balance::round_robin, backends.members());
  Random random(1);
  backends[0].report_connect_failure(Backends::address(0));
  CHECK(backends[0].state() == BackendState::down);
  for (int i = 0; i < 10; ++i) CHECK(pool.choose(random, 0, {}).get() == &backends[1]);
  backends[1].report_connect_failure(Backends::address(1));
  CHECK(pool.choose(random, 0, {}));
  backends[0].report_connected();
  CHECK(backends[0].state() == BackendState::up);
  for (int i = 0; i < 10; ++i) CHECK(pool.choose(random, 0, {}).get() == &backends[0]);
}

TEST_CASE("a pool holds as many backends as its bound") {
  Backends backends(Pool::kMaxHosts);
  Pool pool(0, "p", Balance::least_connections, backends.members());
  Random random(1);
  std::vector<BackendLease> leases;
  for (size_t i = 0; i < Pool::kMaxHosts; ++i) leases.push_back(pool.choose(random, 0, {}));
  for (const Backend* backend : backends.all) CHECK(backend->active() == 1);
}

TEST_CASE("what one request remembers of its tries is bounded") {
  Backends backends(TriedBackends::kMaxTried + 1);
  TriedBackends tried;
  for (const Backend* backend : backends.all) tried.add(*backend);
  CHECK(tried.count() == TriedBackends::kMaxTried);
  CHECK(tried.contains(backends[0]));
  CHECK_FALSE(tried.contains(backends[TriedBackends::kMaxTried]));
}

TEST_CASE("one that is avoided comes behind all that are up, and before those that are down") {
  Backends backends(3);
  Pool pool(0, "p", Balance::least_connections, backends.members());
  Random random(1);
  TriedBackends tried;
  tried.avoid(backends[0]);
  std::vector<BackendLease> leases;
  for (int i = 0; i < 20; ++i) leases.push_back(pool.choose(random, 0, tried));
  CHECK(backends[0].active() == 0);
  tried.add(backends[1]);
  backends[2].report_connect_failure(Backends::address(2));
  CHECK(pool.choose(random, 0, tried).get() == &backends[0]);
  tried.add(backends[0]);
  CHECK(pool.choose(random, 0, tried).get() == &backends[2]);
}

TEST_CASE("one that has not been checked comes behind those that have, and before those that are ejected") {
  Backends backends(3);
  Pool pool(0, "p", Balance::least_connections, backends.members());
  Random random(1);
  backends[0].set_check_state(CheckHistory::State::unknown);
  backends[1].set_check_state(CheckHistory::State::failing);
  std::vector<BackendLease> leases;
  for (int i = 0; i < 20; ++i) leases.push_back(pool.choose(random, 0, {}));
  CHECK(backends[2].active() == 20);
  backends[2].eject(0, "why");
  for (int i = 0; i < 20; ++i) leases.push_back(pool.choose(random, 0, {}));
  CHECK(backends[0].active() == 20);
  backends[0].report_connect_failure(Backends::address(0));
  CHECK(pool.choose(random, 0, {}).get() == &backends[1]);
}

TEST_CASE("each address of a name takes part with the weight of the name") {
  BackendHost name(0, {"api.internal", 80});
  BackendHost written(1, {"10.0.0.9", 80});
  name.set_addresses({*net::Address::parse("10.0.0.1:80"), *net::Address::parse("10.0.0.2:80")});
  written.set_addresses({*net::Address::parse("10.0.0.9:80")});
  Pool pool(0, "p", Balance::round_robin, {{&name, 2}, {&written, 1}});
  Random random(1);
  for (int i = 0; i < 50; ++i) pool.choose(random, 0, {});
  CHECK(name.at(0).statistics().requests.load() == 20);
  CHECK(name.at(1).statistics().requests.load() == 20);
  CHECK(written.at(0).statistics().requests.load() == 10);
  name.set_addresses({*net::Address::parse("10.0.0.2:80")});
  for (int i = 0; i < 30; ++i) pool.choose(random, 0, {});
  CHECK(name.at(0).statistics().requests.load() == 20);
  CHECK(name.at(1).statistics().requests.load() == 40);
}

TEST_CASE("more addresses than a pool uses are left out") {
  std::vector<std::unique_ptr<BackendHost>> hosts;
  std::vector<PoolMember> members;
  for (uint32_t i = 0; i < 10; ++i) {
    hosts.push_back(std::make_unique<BackendHost>(i, net::HostPort{"h" + std::to_string(i), 80}));
    std::vector<net::Address> addresses;
    for (uint32_t j = 1; j <= BackendHost::kMaxAddresses; ++j) {
      addresses.push_back(*net::Address::parse("10.0." + std::to_string(i) + "." + std::to_string(j) + ":80"));
    }
    hosts.back()->set_addresses(addresses);
    members.push_back({hosts.back().get()});
  }
  Pool pool(0, "p", Balance::least_connections, members);
  Random random(1);
  std::vector<BackendLease> leases;
  for (size_t i = 0; i < Pool::kMaxBackends; ++i) leases.push_back(pool.choose(random, 0, {}));
  size_t used = 0;
  for (const auto& host : hosts) {
    for (size_t i = 0; i < host->count(); ++i) used += host->at(i).active();
  }
  CHECK(used == Pool::kMaxBackends);
  CHECK(hosts.back()->at(0).active() == 0);
}
