// Which backends a pool ejects for what their requests come to.

#include <cerrno>
#include <string>

#include <doctest/doctest.h>

#include "proxy/upstream/pool.h"

using namespace roost;
using namespace roost::proxy;
using http::Progress;

namespace {

/// A pool of backends at 10.0.0.1:80 and up.
struct PoolHealthFixture {
  explicit PoolHealthFixture(uint32_t count, Balance balance = Balance::round_robin, HealthOptions health = {}) {
    std::vector<PoolMember> members;
    for (uint32_t i = 0; i < count; ++i) {
      const std::string address = "10.0.0." + std::to_string(i + 1) + ":80";
      owned.push_back(std::make_unique<BackendHost>(i, *net::HostPort::parse(address), health));
      owned.back()->set_addresses({*net::Address::parse(address)});
      members.push_back({owned.back().get()});
    }
    pool = std::make_unique<Pool>(0, "p", balance, members, health);
  }
  Backend& operator[](size_t index) { return owned[index]->at(0); }
  /// One that has just been ejected and has returned.
  void eject_and_return(size_t index) {
    answer_many(index, 503, 5);
    REQUIRE((*this)[index].ejected());
    (*this)[index].end_ejection(now_ms);
  }
  BackendLease choose(bool repeatable = true) { return pool->choose(random, 0, {}, repeatable); }
  BackendLease lease(size_t index) {
    Backend& backend = owned[index]->at(0);
    backend.begin_request();
    backend.statistics().requests.fetch_add(1);
    return BackendLease(backend);
  }
  AttemptEnd end(uint64_t key_hash = 1) const { return {now_ms, key_hash}; }
  void answer(size_t index, int status, uint64_t key_hash = 1) {
    BackendLease lease = this->lease(index);
    pool->note_status(lease, status, end(key_hash));
    pool->note_answered(lease);
  }
  void answer_many(size_t index, int status, int times) {
    for (int i = 0; i < times; ++i) answer(index, status);
  }
  void fail(size_t index, const Error& error, Progress progress, bool reused = false) {
    BackendLease lease = this->lease(index);
    pool->note_failed(lease, error, progress, reused, end());
  }
  size_t ejected_count() const {
    size_t count = 0;
    for (const auto& host : owned) count += host->at(0).ejected() ? 1 : 0;
    return count;
  }
  std::vector<std::unique_ptr<BackendHost>> owned;
  std::unique_ptr<Pool> pool;
  Random random{1};
  int64_t now_ms = 1'000;
};

const Error kTimeout{"timed out", Side::backend, false, ETIMEDOUT};
const Error kBroken{"malformed", Side::backend, false, 0};

}  // namespace

TEST_CASE("whatever makes requests fail ejects after five in a row") {
  const auto cases = std::vector<std::function<void(PoolHealthFixture&)>>{
      [](PoolHealthFixture& f) { f.answer(0, 500); },
      [](PoolHealthFixture& f) { f.answer(0, 502); },
      [](PoolHealthFixture& f) { f.answer(0, 503); },
      [](PoolHealthFixture& f) { f.answer(0, 504); },
      [](PoolHealthFixture& f) { f.fail(0, kTimeout, Progress::nothing_back); },
      [](PoolHealthFixture& f) { f.fail(0, kTimeout, Progress::nothing_back, true); },
      [](PoolHealthFixture& f) { f.fail(0, kTimeout, Progress::not_connected); },
      [](PoolHealthFixture& f) { f.fail(0, kBroken, Progress::nothing_back); },
      [](PoolHealthFixture& f) { f.fail(0, kBroken, Progress::head_received, true); },
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    PoolHealthFixture f(3);
    for (int times = 0; times < 4; ++times) cases[i](f);
    CHECK(f[0].state() == BackendState::up);
    cases[i](f);
    CHECK(f[0].state() == BackendState::ejected);
    CHECK(f[0].passive().ejections() == 1);
    CHECK(f.pool->choose(f.random, 0, {}).get() != &f[0]);
  }
}

TEST_CASE("what says nothing about the backend does not eject it") {
  const auto cases = std::vector<std::function<void(PoolHealthFixture&)>>{
      [](PoolHealthFixture& f) { f.answer(0, 200); },
      [](PoolHealthFixture& f) { f.answer(0, 404); },
      [](PoolHealthFixture& f) { f.answer(0, 501); },
      [](PoolHealthFixture& f) { f.fail(0, kBroken, Progress::refused); },
      [](PoolHealthFixture& f) { f.fail(0, kBroken, Progress::nothing_back, true); },
      [](PoolHealthFixture& f) {
        f.fail(0, {"too many open files", Side::internal, true, EMFILE}, Progress::not_connected);
      },
      [](PoolHealthFixture& f) { BackendLease abandoned = f.lease(0); },
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    PoolHealthFixture f(3);
    for (int times = 0; times < 100; ++times) cases[i](f);
    CHECK(f[0].state() == BackendState::up);
    CHECK(f[0].passive().charge().value() == 0);
  }
}

TEST_CASE("the outcome of an attempt counts once") {
  PoolHealthFixture f(3);
  for (int i = 0; i < 4; ++i) {
    BackendLease lease = f.lease(0);
    f.pool->note_status(lease, 503, f.end());
    f.pool->note_failed(lease, kBroken, Progress::head_received, false, f.end());
  }
  CHECK_FALSE(f[0].ejected());
  CHECK(f[0].statistics().failures.load() == 4);
}

TEST_CASE("a response that breaks off counts, though it began well") {
  PoolHealthFixture f(3);
  for (int i = 0; i < 5; ++i) {
    BackendLease lease = f.lease(0);
    f.pool->note_status(lease, 200, f.end());
    f.pool->note_failed(lease, kBroken, Progress::head_received, false, f.end());
  }
  CHECK(f[0].ejected());
}

TEST_CASE("a third of requests failing ejects, where the others do not fail") {
  PoolHealthFixture f(3);
  for (int i = 0; i < 40 && !f[0].ejected(); ++i) {
    f.answer(0, 503);
    for (const size_t index : {0U, 0U, 1U, 1U, 1U, 2U, 2U, 2U}) f.answer(index, 200);
  }
  CHECK(f[0].ejected());
  CHECK(f[0].passive().ejection().reason.find("requests failed, the last: status 503") != std::string::npos);
  CHECK(f.ejected_count() == 1);
}

TEST_CASE("requests that fail everywhere eject nobody") {
  SUBCASE("all of them") {
    PoolHealthFixture f(3);
    for (int i = 0; i < 3'000; ++i) f.answer(static_cast<size_t>(i) % 3, 500);
    CHECK(f.ejected_count() == 0);
  }
  SUBCASE("a third of them") {
    PoolHealthFixture f(3);
    for (int i = 0; i < 9'000; ++i) {
      f.now_ms += 1;
      f.answer(f.random.next() % 3, f.random.next() % 3 == 0 ? 500 : 200);
    }
    CHECK(f.ejected_count() == 0);
  }
}

TEST_CASE("one failing request that always goes to the same backend does not eject it") {
  PoolHealthFixture f(3, Balance::consistent_hash);
  for (int i = 0; i < 1'000; ++i) f.answer(0, 500, 77);
  CHECK_FALSE(f[0].ejected());
  for (uint64_t key = 1; key <= 5; ++key) f.answer(0, 500, key);
  CHECK(f[0].ejected());
}

TEST_CASE("no more than the share of a pool is ejected, and never the last in use") {
  struct Case {
    uint32_t backends;
    uint32_t percent;
    size_t ejected;
  };
  for (const Case& one : {Case{1, 50, 0}, Case{1, 100, 0}, Case{2, 50, 1}, Case{3, 50, 2}, Case{4, 50, 2},
                          Case{4, 100, 3}, Case{10, 0, 0}, Case{10, 10, 1}, Case{10, 11, 2}, Case{128, 50, 64}}) {
    CAPTURE(one.backends);
    CAPTURE(one.percent);
    HealthOptions health;
    health.max_ejected_percent = one.percent;
    PoolHealthFixture f(one.backends, Balance::round_robin, health);
    for (uint32_t i = 0; i < one.backends; ++i) f.answer_many(i, 503, 5);
    CHECK(f.ejected_count() == one.ejected);
  }
}

TEST_CASE("one that is the last because the others are down is not ejected") {
  PoolHealthFixture f(3);
  f[1].report_connect_failure(f[1].address());
  f[2].set_draining(true);
  f.answer_many(0, 503, 100);
  CHECK_FALSE(f[0].ejected());
}

TEST_CASE("an ejected backend comes before one that is down, and behind all others") {
  PoolHealthFixture f(3);
  f.answer_many(0, 503, 5);
  f[1].report_connect_failure(f[1].address());
  TriedBackends tried;
  tried.avoid(f[2]);
  CHECK(f.pool->choose(f.random, 0, tried).get() == &f[2]);
  tried.add(f[2]);
  CHECK(f.pool->choose(f.random, 0, tried).get() == &f[0]);
  tried.add(f[0]);
  CHECK(f.pool->choose(f.random, 0, tried).get() == &f[1]);
  tried.add(f[1]);
  CHECK_FALSE(f.pool->choose(f.random, 0, tried));
}

TEST_CASE("a backend that fails at once is not the least loaded") {
  HealthOptions health;
  health.max_ejected_percent = 0;
  PoolHealthFixture f(2, Balance::least_connections, health);
  f.answer_many(0, 503, 5);
  CHECK(f[0].passive().charge().value() == 0);  // that many are to be seen as they come
  f.answer_many(0, 503, 10);
  std::vector<BackendLease> leases;
  for (int i = 0; i < 10; ++i) leases.push_back(f.pool->choose(f.random, 0, {}));
  CHECK(f[1].active() == 10);
}

TEST_CASE("statuses of the configuration decide what counts") {
  HealthOptions health;
  health.failure_statuses = {503};
  PoolHealthFixture f(2, Balance::round_robin, health);
  f.answer_many(0, 500, 100);
  CHECK_FALSE(f[0].ejected());
  f.answer_many(0, 503, 5);
  CHECK(f[0].ejected());
}

TEST_CASE("one that fails every other second is ejected by its first failures, whatever the policy") {
  for (const Balance balance : {Balance::round_robin, Balance::least_connections, Balance::two_choices}) {
    CAPTURE(balance_name(balance));
    PoolHealthFixture f(3, balance);
    size_t failures = 0;
    for (int request = 0; request < 800; ++request) {  // a hundred a second, each answered at once
      f.now_ms += 10;
      if (f.now_ms % FailureCharge::kFadePeriodMs < 10) f[0].passive().charge().fade();
      BackendLease lease = f.choose();
      const bool fails = lease.get() == &f[0] && request / 100 % 2 == 0;
      failures += fails ? 1 : 0;
      f.pool->note_status(lease, fails ? 503 : 200, f.end());
      f.pool->note_answered(lease);
    }
    CHECK(failures == 5);
    CHECK(f[0].ejected());
  }
}

TEST_CASE("one that returned gets one request at a time until one is answered") {
  PoolHealthFixture f(3, Balance::least_connections);
  f.eject_and_return(0);
  f[0].passive().set_weight_percent(10);
  BackendLease trial = f.choose();
  CHECK(trial.get() == &f[0]);
  CHECK(trial.is_trial());
  std::vector<BackendLease> others;
  for (int i = 0; i < 50; ++i) {
    others.push_back(f.choose(i % 2 == 0));
    CHECK(others.back().get() != &f[0]);
    CHECK_FALSE(others.back().is_trial());
  }
  SUBCASE("a failure ejects it again, for longer") {
    f.pool->note_status(trial, 503, f.end());
    CHECK(f[0].ejected());
    CHECK(trial.distrusted());
    CHECK(f[0].passive().ejection().duration_ms == 20'000);
    trial.release();
    CHECK(f.choose().get() != &f[0]);
  }
  SUBCASE("the head of an answer is enough") {
    f.pool->note_status(trial, 200, f.end());
    CHECK(f.choose().get() == &f[0]);
    CHECK(f.choose().is_trial() == false);
  }
  SUBCASE("a client that leaves tells nothing: the next request is the trial") {
    trial.release();
    CHECK(f.choose().is_trial());
  }
  SUBCASE("a lease that is moved from gives nothing up") {
    BackendLease moved = std::move(trial);
    trial = BackendLease();
    CHECK(f.choose().get() != &f[0]);
    moved = f.choose();
    CHECK(f.choose().is_trial());
  }
}

TEST_CASE("ten answers end the distrust of one that returned, and a failure before that ejects it") {
  PoolHealthFixture f(3);
  f.eject_and_return(0);
  f.answer_many(0, 200, 9);
  CHECK(f.lease(0).distrusted());
  SUBCASE("trusted") {
    f.answer(0, 200);
    CHECK_FALSE(f.lease(0).distrusted());
    f.answer_many(0, 503, 4);
    CHECK_FALSE(f[0].ejected());
  }
  SUBCASE("ejected") {
    f.answer(0, 503);
    CHECK(f[0].ejected());
  }
  SUBCASE("but not where the others fail as well") {
    for (int i = 0; i < 20; ++i) f.answer_many(1, i % 4 == 0 ? 503 : 200, 1);
    f.answer(0, 503);
    CHECK_FALSE(f[0].ejected());
  }
}

TEST_CASE("which requests are a trial") {
  SUBCASE("one that may not be repeated, by its turn") {
    PoolHealthFixture f(3, Balance::least_connections);
    f.eject_and_return(0);
    f[0].passive().set_weight_percent(10);
    for (int i = 0; i < 50; ++i) CHECK(f.choose(false).get() != &f[0]);
    f[0].passive().set_weight_percent(100);
    bool tried = false;
    for (int i = 0; i < 200 && !tried; ++i) tried = f.choose(false).is_trial();
    CHECK(tried);
  }
  SUBCASE("by key, only one that belongs there") {
    PoolHealthFixture f(3, Balance::consistent_hash);
    f.answer_many(0, 503, 5);
    for (uint64_t key = 1; key < 10; ++key) f.answer(0, 503, key);
    REQUIRE(f[0].ejected());
    f[0].end_ejection(f.now_ms);
    std::vector<uint64_t> elsewhere;
    for (uint64_t key = 0; key < 100; ++key) {
      if (f.pool->choose(f.random, key, {}, true).get() != &f[0]) elsewhere.push_back(key);
    }
    CHECK(elsewhere.size() > 40);
    CHECK(elsewhere.size() < 90);
  }
  SUBCASE("not one that has failed elsewhere") {
    PoolHealthFixture f(3);
    f.eject_and_return(0);
    TriedBackends tried;
    tried.add(f[1]);
    for (int i = 0; i < 10; ++i) CHECK(f.pool->choose(f.random, 0, tried, true).get() == &f[2]);
    tried.add(f[2]);
    CHECK(f.pool->choose(f.random, 0, tried, true).is_trial());
  }
  SUBCASE("any where there is no other backend") {
    PoolHealthFixture f(2);
    f.eject_and_return(0);
    f[1].report_connect_failure(f[1].address());
    const BackendLease first = f.choose(false);
    const BackendLease second = f.choose(false);
    CHECK(first.is_trial());
    CHECK(second.get() == &f[0]);
    CHECK_FALSE(second.is_trial());
  }
}
