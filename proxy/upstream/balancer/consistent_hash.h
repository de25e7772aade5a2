#pragma once

#include "proxy/upstream/balancer/balancer.h"

namespace roost::proxy {

/// Always the same backend for the same key; adding or removing a backend moves only its own keys. Weighted rendezvous
/// hashing (Thaler and Ravishankar, 1998; weights as in Schindelhauer and Schomaker, 2005).
class ConsistentHash final : public BalancerPolicy {
 public:
  size_t choose(std::span<const Candidate> candidates, const Draw& draw) override;
  std::string_view name() const override { return balance_name(Balance::consistent_hash); }
};

}  // namespace roost::proxy
