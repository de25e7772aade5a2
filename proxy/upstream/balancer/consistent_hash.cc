#include "proxy/upstream/balancer/consistent_hash.h"

#include <cmath>

#include "common/base/random.h"

namespace roost::proxy {

namespace {

double score(const Candidate& candidate, uint64_t key_hash) {
  const uint64_t bits = Random::mix(candidate.identity ^ key_hash) >> 11;  // 53 bits, as many as a double holds
  const double drawn = (static_cast<double>(bits) + 0.5) / 9007199254740992.0;
  return -static_cast<double>(candidate.weight) / std::log(drawn);
}

}  // namespace

size_t ConsistentHash::choose(std::span<const Candidate> candidates, const Draw& draw) {
  size_t best = 0;
  double best_score = -1;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const double candidate_score = score(candidates[i], draw.key_hash);
    if (candidate_score > best_score) {
      best = i;
      best_score = candidate_score;
    }
  }
  return best;
}

}  // namespace roost::proxy
