#include "proxy/upstream/balancer/round_robin.h"

#include <numeric>

namespace roost::proxy {

namespace {

/// A step through [0, `cycle`) that meets each number once, far from the one before: near the golden section, where
/// runs are shortest.
uint64_t stride(uint64_t cycle) {
  uint64_t step = cycle * 618 / 1000 + 1;
  while (std::gcd(step, cycle) != 1) ++step;
  return step;
}

}  // namespace

size_t RoundRobin::choose(std::span<const Candidate> candidates, const Draw&) {
  uint64_t total_weight = 0;
  uint64_t unit = candidates.front().weight;
  for (const Candidate& candidate : candidates) {
    total_weight += candidate.weight;
    if (candidate.weight % unit != 0) unit = std::gcd(unit, candidate.weight);
  }
  const uint64_t cycle = total_weight / unit;
  uint64_t turn = ticket_.fetch_add(1, std::memory_order_relaxed) % cycle;
  if (cycle > candidates.size()) turn = turn * stride(cycle) % cycle;  // weights differ: no runs of one backend
  turn *= unit;
  size_t chosen = 0;
  while (turn >= candidates[chosen].weight) turn -= candidates[chosen++].weight;
  return chosen;
}

}  // namespace roost::proxy
