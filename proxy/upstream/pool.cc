#include "proxy/upstream/pool.h"

#include <span>

#include "common/base/check.h"
#include "proxy/upstream/balancer/make_policy.h"

namespace roost::proxy {

namespace {
// How often a choice is repeated because another thread began a request with the chosen backend meanwhile.
constexpr int kMaxChoiceRaces = 8;
}  // namespace

Pool::Pool(uint32_t id, std::string name, Balance balance, std::vector<PoolMember> members)
    : id_(id), name_(std::move(name)), policy_(make_policy(balance)), members_(std::move(members)) {
  ROOST_CHECK(!members_.empty() && members_.size() <= kMaxBackends);
  for (const PoolMember& member : members_) ROOST_CHECK(member.weight > 0);
}

void Pool::collect(Candidates& into, const TriedBackends& tried, Wanted wanted) const {
  into.count = 0;
  for (const auto& [backend, weight] : members_) {
    if (!backend->resolved() || backend->draining() || tried.contains(*backend)) continue;
    const Wanted state = backend->down() ? Wanted::down : tried.avoids(*backend) ? Wanted::up_but_avoided : Wanted::up;
    if (state != wanted) continue;
    into.views[into.count] = {backend->active(), weight, backend->identity()};
    into.backends[into.count++] = backend;
  }
}

BackendLease Pool::choose(Random& random, uint64_t key_hash, const TriedBackends& tried) {
  thread_local Candidates candidates;  // some kilobytes: not cleared for each request
  for (int race = 0;; ++race) {
    for (const Wanted wanted : {Wanted::up, Wanted::up_but_avoided, Wanted::down}) {
      collect(candidates, tried, wanted);
      if (candidates.count > 0) break;
    }
    if (candidates.count == 0) return {};
    const std::span<const Candidate> views(candidates.views.data(), candidates.count);
    const size_t chosen = policy_->choose(views, {random.next(), key_hash});
    Backend& backend = *candidates.backends[chosen];
    // Choosing and counting are one step: had another thread chosen it meanwhile, it may not be the least loaded now.
    if (race == kMaxChoiceRaces) {
      backend.begin_request();
    } else if (!backend.begin_request(views[chosen].active)) {
      continue;
    }
    backend.statistics().requests.fetch_add(1, std::memory_order_relaxed);
    return BackendLease(backend);
  }
}

}  // namespace roost::proxy
