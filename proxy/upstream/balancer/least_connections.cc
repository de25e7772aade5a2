#include "proxy/upstream/balancer/least_connections.h"

namespace roost::proxy {

bool more_loaded(const Candidate& a, const Candidate& b) {
  // Multiplied out, to save the division.
  return (uint64_t{a.load} + 1) * b.weight > (uint64_t{b.load} + 1) * a.weight;
}

size_t LeastConnections::choose(std::span<const Candidate> candidates, const Draw& draw) {
  size_t best = 0;
  size_t ties = 1;
  for (size_t i = 1; i < candidates.size(); ++i) {
    if (more_loaded(candidates[best], candidates[i])) {
      best = i;
      ties = 1;
    } else if (!more_loaded(candidates[i], candidates[best])) {
      ++ties;
    }
  }
  // `best` is the first of the equals: skip to the one drawn.
  const Candidate& least = candidates[best];
  for (size_t skip = draw.random % ties; skip > 0;) {
    ++best;
    if (!more_loaded(candidates[best], least)) --skip;
  }
  return best;
}

}  // namespace roost::proxy
