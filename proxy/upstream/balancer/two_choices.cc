#include "proxy/upstream/balancer/two_choices.h"

#include "proxy/upstream/balancer/least_connections.h"

namespace roost::proxy {

size_t TwoChoices::choose(std::span<const Candidate> candidates, const Draw& draw) {
  const size_t count = candidates.size();
  if (count == 1) return 0;
  const size_t first = (draw.random & 0xffffffff) % count;
  const size_t other = (first + 1 + (draw.random >> 32) % (count - 1)) % count;
  return more_loaded(candidates[first], candidates[other]) ? other : first;
}

}  // namespace roost::proxy
