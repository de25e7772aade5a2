#include "proxy/upstream/balancer/least_connections.h"

namespace roost::proxy {

bool fuller_than(const Candidate& a, const Candidate& b) {
  return (uint64_t{a.active} + 1) * b.weight > (uint64_t{b.active} + 1) * a.weight;
}

size_t LeastConnections::choose(std::span<const Candidate> candidates, const Draw& draw) {
  size_t best = 0;
  size_t ties = 1;
  for (size_t i = 1; i < candidates.size(); ++i) {
    if (fuller_than(candidates[best], candidates[i])) {
      best = i;
      ties = 1;
    } else if (!fuller_than(candidates[i], candidates[best])) {
      ++ties;
    }
  }
  // The first of the equals stands at `best`; walk on to the one drawn.
  const Candidate& least = candidates[best];
  for (size_t skip = draw.random % ties; skip > 0;) {
    ++best;
    if (!fuller_than(candidates[best], least)) --skip;
  }
  return best;
}

}  // namespace roost::proxy
