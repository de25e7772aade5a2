#pragma once

#include "proxy/upstream/balancer/balancer.h"

namespace roost::proxy {

/// The less loaded of two random backends (Mitzenmacher, "The power of two choices in randomized load balancing",
/// 2001). Nearly as even as least connections, and several proxies in front of the same backends do not all choose the
/// same one at the same time.
class TwoChoices final : public BalancerPolicy {
 public:
  size_t choose(std::span<const Candidate> candidates, const Draw& draw) override;
  std::string_view name() const override { return balance_name(Balance::two_choices); }
};

}  // namespace roost::proxy
