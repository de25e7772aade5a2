#include "proxy/upstream/balancer/make_policy.h"

#include "proxy/upstream/balancer/consistent_hash.h"
#include "proxy/upstream/balancer/least_connections.h"
#include "proxy/upstream/balancer/round_robin.h"
#include "proxy/upstream/balancer/two_choices.h"

namespace roost::proxy {

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
