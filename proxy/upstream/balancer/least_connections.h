#pragma once

#include "proxy/upstream/balancer/balancer.h"

namespace roost::proxy {

/// Whether one more request makes `a` fuller than `b`, for their weights: (active + 1) / weight, without division.
bool fuller_than(const Candidate& a, const Candidate& b);

/// The backend that would be least full with one more request; among equals one at random, so that a pool of idle
/// backends does not send everything to its first.
class LeastConnections final : public BalancerPolicy {
 public:
  size_t choose(std::span<const Candidate> candidates, const Draw& draw) override;
  std::string_view name() const override { return balance_name(Balance::least_connections); }
};

}  // namespace roost::proxy
