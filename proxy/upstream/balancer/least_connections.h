#pragma once

#include "proxy/upstream/balancer/balancer.h"

namespace roost::proxy {

/// Whether `a` would be more loaded than `b` with one more request each: by (load + 1) / weight.
bool more_loaded(const Candidate& a, const Candidate& b);

/// The backend that would be least loaded with one more request; a random one of several equals, so that an idle pool
/// does not send every request to its first backend.
class LeastConnections final : public BalancerPolicy {
 public:
  size_t choose(std::span<const Candidate> candidates, const Draw& draw) override;
  std::string_view name() const override { return balance_name(Balance::least_connections); }
};

}  // namespace roost::proxy
