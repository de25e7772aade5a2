#pragma once

#include "proxy/upstream/balancer/balancer.h"

namespace roost::proxy {

/// Two backends at random, the less full of them (Mitzenmacher, "The power of two choices in randomized load
/// balancing", 2001): nearly as even as least connections, and several proxies before the same backends do not all run
/// to the same one.
class TwoChoices final : public BalancerPolicy {
 public:
  size_t choose(std::span<const Candidate> candidates, const Draw& draw) override;
  std::string_view name() const override { return balance_name(Balance::two_choices); }
};

}  // namespace roost::proxy
