#include "proxy/upstream/balancer/round_robin.h"

namespace roost::proxy {

size_t RoundRobin::choose(std::span<const Candidate> candidates, const Draw&) {
  uint64_t total_weight = 0;
  for (const Candidate& candidate : candidates) total_weight += candidate.weight;
  uint64_t turn = ticket_.fetch_add(1, std::memory_order_relaxed) % total_weight;
  size_t chosen = 0;
  while (turn >= candidates[chosen].weight) turn -= candidates[chosen++].weight;
  return chosen;
}

}  // namespace roost::proxy
