// How each policy shares requests, in a simulation: clients that ask again as soon as they are answered, backends that
// take a fixed time, and time that is counted in steps.

#include <memory>
#include <queue>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "proxy/upstream/backend_upkeep.h"
#include "proxy/upstream/pool.h"
#include "tests/support/driven_loop.h"

using namespace roost;
using namespace roost::proxy;

namespace {

constexpr Balance kPolicies[] = {Balance::least_connections, Balance::round_robin, Balance::two_choices,
                                 Balance::consistent_hash};

struct Server {
  int64_t answers_in_ms = 10;
  int failing_percent = 0;  // of its requests, at once
  uint32_t weight = 1;
};

struct Shares {
  std::vector<uint64_t> requests;  // by backend
  uint64_t failed = 0;
  uint64_t total = 0;
  double of(size_t index) const { return static_cast<double>(requests[index]) / static_cast<double>(total); }
  double failed_share() const { return static_cast<double>(failed) / static_cast<double>(total); }
};

class Simulation {
 public:
  /// `loops`: how many take turns to choose, each with random numbers of its own.
  Simulation(Balance balance, std::vector<Server> servers, size_t loops, HealthOptions health = {})
      : servers_(std::move(servers)) {
    std::vector<PoolMember> members;
    for (size_t i = 0; i < servers_.size(); ++i) {
      const std::string name = "10.0.0." + std::to_string(i + 1) + ":80";
      hosts_.push_back(std::make_unique<BackendHost>(static_cast<uint32_t>(i), *net::HostPort::parse(name), health));
      hosts_.back()->set_addresses({*net::Address::parse(name)});
      members.push_back({hosts_.back().get(), servers_[i].weight});
      upkeeps_.push_back(std::make_unique<BackendUpkeep>(time_.loop(), backend(i), [](const std::string&, bool) {}));
    }
    pool_ = std::make_unique<Pool>(0, "p", balance, members, health);
    for (size_t i = 0; i < loops; ++i) loops_.emplace_back(i + 1);
  }

  Backend& backend(size_t index) { return hosts_[index]->at(0); }

  /// `clients` ask for `duration_ms`.
  Shares run(size_t clients, int64_t duration_ms) {
    Shares shares;
    shares.requests.resize(servers_.size());
    for (size_t i = 0; i < clients; ++i) answers_.push(ask(shares));
    for (const int64_t end_ms = now_ms_ + duration_ms; now_ms_ < end_ms;) {
      Answer answer = answers_.top();
      answers_.pop();
      pass_time_to(answer.due_ms);
      finish(answer, shares);
      answers_.push(ask(shares));
    }
    while (!answers_.empty()) {
      Answer answer = answers_.top();
      answers_.pop();
      finish(answer, shares);
    }
    return shares;
  }

 private:
  struct Answer {
    int64_t due_ms;
    size_t server;
    bool failed;
    bool operator<(const Answer& other) const { return due_ms > other.due_ms; }
  };

  Answer ask(Shares& shares) {
    Random& random = loops_[shares.total++ % loops_.size()];
    BackendLease lease = pool_->choose(random, random.next(), {});
    size_t index = 0;
    while (&backend(index) != lease.get()) ++index;
    held_[index].push_back(std::move(lease));
    ++shares.requests[index];
    const bool failed = static_cast<int>(random.next() % 100) < servers_[index].failing_percent;
    return {now_ms_ + (failed ? 1 : servers_[index].answers_in_ms), index, failed};
  }
  void finish(const Answer& answer, Shares& shares) {
    BackendLease lease = std::move(held_[answer.server].back());
    held_[answer.server].pop_back();
    pool_->note_status(lease, answer.failed ? 503 : 200, {time_.loop().now_ms(), Random::mix(shares.total)});
    pool_->note_answered(lease);
    if (answer.failed) ++shares.failed;
    upkeeps_[answer.server]->look();
  }
  void pass_time_to(int64_t now_ms) {
    for (; now_ms_ < now_ms; ++now_ms_) time_.advance_ms(1);
  }

  net::DrivenLoop time_;
  std::vector<Server> servers_;
  std::vector<std::unique_ptr<BackendHost>> hosts_;
  std::vector<std::unique_ptr<BackendUpkeep>> upkeeps_;
  std::unique_ptr<Pool> pool_;
  std::vector<Random> loops_;
  std::vector<std::vector<BackendLease>> held_{128};
  std::priority_queue<Answer> answers_;
  int64_t now_ms_ = 0;
};

bool near(double value, double expected, double tolerance) {
  return value >= expected * (1 - tolerance) && value <= expected * (1 + tolerance);
}

HealthOptions without_ejection() {
  HealthOptions health;
  health.max_ejected_percent = 0;
  return health;
}

}  // namespace

TEST_CASE("equal backends get equal shares, whatever the policy, the threads and their number") {
  for (const Balance balance : kPolicies) {
    for (const size_t loops : {1U, 2U}) {
      for (const size_t count : {3U, 100U}) {
        CAPTURE(balance_name(balance));
        CAPTURE(loops);
        CAPTURE(count);
        const bool random = balance == Balance::two_choices || balance == Balance::consistent_hash;
        const double tolerance = random ? (count == 3 ? 0.1 : 0.3) : (count == 3 ? 0.02 : 0.08);
        Simulation simulation(balance, std::vector<Server>(count), loops);
        const Shares shares = simulation.run(count * 2, count == 3 ? 5'000 : 1'000);
        for (size_t i = 0; i < count; ++i) {
          CHECK(near(shares.of(i), 1.0 / static_cast<double>(count), tolerance));
        }
      }
    }
  }
}

TEST_CASE("shares follow the weights, whatever the policy") {
  for (const Balance balance : kPolicies) {
    for (const size_t loops : {1U, 2U}) {
      CAPTURE(balance_name(balance));
      CAPTURE(loops);
      Simulation simulation(balance, {{10, 0, 1}, {10, 0, 2}, {10, 0, 3}}, loops);
      const Shares shares = simulation.run(60, 2'000);
      // Two random backends of three are compared: the lightest is chosen less often than its weight says.
      const double tolerance = balance == Balance::two_choices ? 0.35 : 0.08;
      for (size_t i = 0; i < 3; ++i) CHECK(near(shares.of(i), static_cast<double>(i + 1) / 6, tolerance));
    }
  }
}

TEST_CASE("a slow backend gets fewer requests from the policies that go by load") {
  for (const size_t loops : {1U, 2U}) {
    Simulation least(Balance::least_connections, {{100, 0, 1}, {10, 0, 1}, {10, 0, 1}}, loops);
    const Shares by_least = least.run(30, 5'000);
    CHECK(near(by_least.of(0) / by_least.of(1), 0.1, 0.1));
    CHECK(near(by_least.of(1) / by_least.of(2), 1, 0.05));
    Simulation two(Balance::two_choices, {{100, 0, 1}, {10, 0, 1}, {10, 0, 1}}, loops);
    CHECK(two.run(30, 5'000).of(0) < 0.12);
    Simulation in_turn(Balance::round_robin, {{100, 0, 1}, {10, 0, 1}, {10, 0, 1}}, loops);
    CHECK(near(in_turn.run(30, 5'000).of(0), 1.0 / 3, 0.05));
  }
}

TEST_CASE("a backend that fails at once costs few requests, whatever the policy") {
  for (const Balance balance : kPolicies) {
    for (const size_t loops : {1U, 2U}) {
      for (const int percent : {30, 100}) {
        CAPTURE(balance_name(balance));
        CAPTURE(loops);
        CAPTURE(percent);
        Simulation simulation(balance, {{50, percent, 1}, {50, 0, 1}, {50, 0, 1}}, loops);
        const Shares shares = simulation.run(12, 5'000);
        CHECK(simulation.backend(0).ejected());
        CHECK_FALSE(simulation.backend(1).ejected());
        CHECK_FALSE(simulation.backend(2).ejected());
        CHECK(shares.failed_share() < 0.02);
      }
    }
  }
}

TEST_CASE("two of three that fail cost few requests too") {
  for (const Balance balance : kPolicies) {
    CAPTURE(balance_name(balance));
    Simulation simulation(balance, {{50, 100, 1}, {50, 100, 1}, {50, 0, 1}}, 2);
    const Shares shares = simulation.run(12, 5'000);
    CHECK(simulation.backend(0).ejected());
    CHECK(simulation.backend(1).ejected());
    CHECK(shares.failed_share() < 0.06);
  }
}

TEST_CASE("ten of a hundred that fail are found, and no others") {
  for (const Balance balance : kPolicies) {
    CAPTURE(balance_name(balance));
    std::vector<Server> servers(100, {20, 0, 1});
    for (size_t i = 0; i < 10; ++i) servers[i * 10].failing_percent = 100;
    Simulation simulation(balance, servers, 2);
    const Shares shares = simulation.run(200, 1'500);
    for (size_t i = 0; i < 100; ++i) CHECK(simulation.backend(i).ejected() == (i % 10 == 0));
    CHECK(shares.failed_share() < 0.03);
  }
}

TEST_CASE("without ejection, least connections does not prefer the one that fails fastest") {
  for (const size_t loops : {1U, 2U}) {
    Simulation simulation(Balance::least_connections, {{50, 100, 1}, {50, 0, 1}, {50, 0, 1}}, loops,
                          without_ejection());
    CHECK(simulation.run(12, 10'000).of(0) < 0.12);
  }
}

TEST_CASE("requests that fail everywhere take no backend away") {
  for (const Balance balance : kPolicies) {
    for (const int percent : {10, 40, 100}) {
      CAPTURE(balance_name(balance));
      CAPTURE(percent);
      Simulation simulation(balance, std::vector<Server>(3, {50, percent, 1}), 2);
      const Shares shares = simulation.run(12, 3'000);
      for (size_t i = 0; i < 3; ++i) CHECK_FALSE(simulation.backend(i).ejected());
      CHECK(shares.total > 500);
    }
  }
}

TEST_CASE("in a slow start a backend gets a part of its share, whatever the policy") {
  for (const Balance balance : kPolicies) {
    CAPTURE(balance_name(balance));
    Simulation simulation(balance, std::vector<Server>(3), 1);
    simulation.backend(0).passive().set_weight_percent(10);
    const Shares shares = simulation.run(60, 3'000);
    CHECK(shares.of(0) > 0.02);
    CHECK(shares.of(0) < 0.08);
  }
}

// Of least connections the requests in flight are equal, not those of a time in which one thread stood still: see the
// test of threads that do not herd.
TEST_CASE("two threads that choose at the same time share as one does, where the load does not matter") {
  for (const Balance balance : {Balance::round_robin, Balance::consistent_hash}) {
    CAPTURE(balance_name(balance));
    std::vector<std::unique_ptr<BackendHost>> hosts;
    std::vector<PoolMember> members;
    for (uint32_t i = 0; i < 3; ++i) {
      const std::string name = "10.0.0." + std::to_string(i + 1) + ":80";
      hosts.push_back(std::make_unique<BackendHost>(i, *net::HostPort::parse(name)));
      hosts.back()->set_addresses({*net::Address::parse(name)});
      members.push_back({hosts.back().get()});
    }
    Pool pool(0, "p", balance, members);
    const auto choose = [&pool](uint64_t seed) {
      Random random(seed);
      std::vector<BackendLease> leases(6);
      for (size_t i = 0; i < 20'000; ++i)
        leases[random.next() % leases.size()] = pool.choose(random, random.next(), {});
    };
    std::thread other(choose, 2);
    choose(1);
    other.join();
    for (const auto& host : hosts) {
      CHECK(near(static_cast<double>(host->at(0).statistics().requests.load()), 40'000.0 / 3, 0.1));
      CHECK(host->at(0).active() == 0);
    }
  }
}
