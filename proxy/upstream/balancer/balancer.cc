#include "proxy/upstream/balancer/balancer.h"

#include <array>

#include "proxy/upstream/balancer/consistent_hash.h"
#include "proxy/upstream/balancer/least_connections.h"
#include "proxy/upstream/balancer/round_robin.h"
#include "proxy/upstream/balancer/two_choices.h"

namespace roost::proxy {

namespace {
constexpr std::array<std::string_view, 4> kNames = {"least_connections", "round_robin", "two_choices",
                                                    "consistent_hash"};
}  // namespace

std::string_view balance_name(Balance balance) {
  return kNames[static_cast<size_t>(balance)];
}

std::optional<Balance> parse_balance(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Balance>(i);
  }
  return std::nullopt;
}

std::unique_ptr<BalancerPolicy> make_policy(Balance balance) {
  switch (balance) {
    case Balance::round_robin:
      return std::make_unique<RoundRobin>();
    case Balance::two_choices:
      return std::make_unique<TwoChoices>();
    case Balance::consistent_hash:
      return std::make_unique<ConsistentHash>();
    case Balance::least_connections:
      break;
  }
  return std::make_unique<LeastConnections>();
}

}  // namespace roost::proxy
