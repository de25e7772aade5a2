#include "proxy/upstream/balancer/balancer.h"

#include <array>
#include <vector>

#include <doctest/doctest.h>

#include "common/base/random.h"
#include "proxy/upstream/balancer/least_connections.h"
#include "proxy/upstream/balancer/make_policy.h"

using namespace roost;
using namespace roost::proxy;

namespace {

/// How often each candidate is chosen in `rounds` draws, the counts left as they are.
std::vector<int> shares(Balance balance, const std::vector<Candidate>& candidates, int rounds) {
  auto policy = make_policy(balance);
  Random random(7);
  std::vector<int> chosen(candidates.size());
  for (int i = 0; i < rounds; ++i) ++chosen.at(policy->choose(candidates, {random.next(), random.next()}));
  return chosen;
}

bool near(int value, int expected, double tolerance) {
  return value >= expected * (1 - tolerance) && value <= expected * (1 + tolerance);
}

}  // namespace

TEST_CASE("names of policies read back") {
  for (const auto balance :
       {Balance::least_connections, Balance::round_robin, Balance::two_choices, Balance::consistent_hash}) {
    CHECK(parse_balance(balance_name(balance)) == balance);
    CHECK(make_policy(balance)->name() == balance_name(balance));
  }
  CHECK_FALSE(parse_balance("least_conn"));
}

TEST_CASE("least connections takes the least full") {
  LeastConnections policy;
  const std::array<Candidate, 3> candidates{{{5}, {2}, {3}}};
  CHECK(policy.choose(candidates, {0, 0}) == 1);
  CHECK(policy.choose(candidates, {12345, 0}) == 1);
}

TEST_CASE("least connections weighs") {
  LeastConnections policy;
  // (5+1)/4 = 1.5 is less full than (1+1)/1 = 2.
  CHECK(policy.choose(std::array<Candidate, 2>{{{1, 1}, {5, 4}}}, {0, 0}) == 1);
  // Idle both: the one with more weight.
  CHECK(policy.choose(std::array<Candidate, 2>{{{0, 1}, {0, 2}}}, {0, 0}) == 1);
}

TEST_CASE("least connections draws among equals") {
  const auto chosen = shares(Balance::least_connections, {{4}, {1}, {9}, {1}, {1}}, 30'000);
  CHECK(chosen[0] == 0);
  CHECK(chosen[2] == 0);
  for (const int i : {1, 3, 4}) CHECK(near(chosen[i], 10'000, 0.05));
}

TEST_CASE("round robin takes turns by weight") {
  const auto chosen = shares(Balance::round_robin, {{0, 1}, {0, 3}, {0, 2}}, 600);
  CHECK(chosen == std::vector<int>{100, 300, 200});
}

TEST_CASE("two choices never takes the fullest and never compares one with itself") {
  const auto chosen = shares(Balance::two_choices, {{9}, {0}, {1}}, 30'000);
  CHECK(chosen[0] == 0);
  CHECK(near(chosen[1], 20'000, 0.05));
  CHECK(near(chosen[2], 10'000, 0.05));
  CHECK(shares(Balance::two_choices, {{3}}, 10) == std::vector<int>{10});
}

TEST_CASE("consistent hash moves only the share of the one that went") {
  auto policy = make_policy(Balance::consistent_hash);
  const std::vector<Candidate> all{{0, 1, 11}, {0, 1, 22}, {0, 2, 33}};
  const std::vector<Candidate> without_second{all[0], all[2]};
  std::vector<int> chosen(3);
  int moved = 0;
  Random random(3);
  for (int i = 0; i < 40'000; ++i) {
    const uint64_t key = random.next();
    const size_t before = policy->choose(all, {0, key});
    ++chosen[before];
    const uint64_t after = without_second[policy->choose(without_second, {0, key})].identity;
    if (before != 1 && after != all[before].identity) ++moved;
  }
  CHECK(moved == 0);
  CHECK(near(chosen[0], 10'000, 0.05));
  CHECK(near(chosen[1], 10'000, 0.05));
  CHECK(near(chosen[2], 20'000, 0.05));
}
