#pragma once

#include <atomic>

#include "proxy/upstream/balancer/balancer.h"

namespace roost::proxy {

/// Each backend in turn, as often in a cycle as its weight; the turns of one backend are spread over the cycle. One
/// counter for all threads.
class RoundRobin final : public BalancerPolicy {
 public:
  size_t choose(std::span<const Candidate> candidates, const Draw& draw) override;
  std::string_view name() const override { return balance_name(Balance::round_robin); }

 private:
  std::atomic<uint64_t> ticket_{0};
};

}  // namespace roost::proxy
