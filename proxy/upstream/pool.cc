#include "proxy/upstream/pool.h"

#include <algorithm>
#include <cerrno>
#include <span>

#include <fmt/format.h>

#include "common/base/check.h"
#include "proxy/upstream/balancer/make_policy.h"

namespace roost::proxy {

namespace {
// How often a choice is repeated because another thread began a request with the chosen backend meanwhile.
constexpr int kMaxChoiceRaces = 8;

/// Attempts that have ended, in whatever way.
uint64_t ended(Backend& backend) {
  const uint64_t begun = backend.statistics().requests.load(std::memory_order_relaxed);
  return begun - std::min<uint64_t>(begun, backend.active());
}
}  // namespace

/// The backends of the best rank, as the policy sees them.
struct Pool::Candidates {
  std::array<Candidate, kMaxBackends> views;
  std::array<Backend*, kMaxBackends> backends;
  std::array<uint32_t, kMaxBackends> active;  // when it was looked at
  size_t count = 0;
};

Pool::Candidates& Pool::scratch() {
  thread_local Candidates candidates;  // some kilobytes: not cleared for each request
  return candidates;
}

Pool::Pool(uint32_t id, std::string name, Balance balance, std::vector<PoolMember> members, HealthOptions health,
           QueueLimits limits)
    : id_(id),
      name_(std::move(name)),
      policy_(make_policy(balance)),
      members_(std::move(members)),
      limits_(limits),
      queue_(std::make_shared<RequestQueue>(limits.most_waiting)),
      health_(std::move(health)),
      by_key_(balance == Balance::consistent_hash) {
  ROOST_CHECK(!members_.empty() && members_.size() <= kMaxHosts);
  for (const PoolMember& member : members_) ROOST_CHECK(member.weight > 0);
}

Pool::Rank Pool::rank(Backend& backend, const TriedBackends& tried, bool repeatable) {
  const uint8_t reasons = backend.out_of_use();
  if ((reasons & (Backend::kUnresolved | Backend::kDraining)) != 0) return Rank::never;
  if (tried.count() > 0 && tried.contains(backend)) return Rank::never;
  if ((reasons & Backend::kDown) != 0) return Rank::down;
  if ((reasons & (Backend::kEjected | Backend::kFailing)) != 0) return Rank::ejected;
  if (reasons != 0) return Rank::unchecked;
  if (tried.count() > 0 && tried.avoids(backend)) return Rank::up_but_avoided;
  const Standing::State standing = backend.passive().standing().state();
  return standing == Standing::State::trusted ? Rank::up : rank_returned(standing, tried.count() > 0, repeatable);
}

Pool::Rank Pool::rank_returned(Standing::State state, bool retried, bool repeatable) {
  if (state == Standing::State::on_trial) return Rank::ejected;
  if (state != Standing::State::awaiting) return Rank::up;
  if (retried) return Rank::up_but_avoided;
  return repeatable ? Rank::trial : Rank::up;
}

void Pool::collect(Candidates& into, const TriedBackends& tried, bool repeatable) const {
  into.count = 0;
  Rank best = Rank::down;
  for_each_backend([&](Backend& backend, uint32_t weight) {
    const Rank own = rank(backend, tried, repeatable);
    if (own > best) return;
    const uint32_t active = backend.active();
    if (own == Rank::trial && is_full(active)) return;  // others have room, perhaps
    if (own < best) into.count = 0;
    best = own;
    if (into.count == kMaxBackends || is_full(active)) return;
    PassiveHealth& passive = backend.passive();
    into.views[into.count] = {active + passive.charge().value(), weight * passive.weight_percent(), backend.identity()};
    into.active[into.count] = active;
    into.backends[into.count++] = &backend;
  });
}

bool Pool::may_wait(const TriedBackends& tried) const {
  if (limits_.max_active == 0) return false;
  bool found = false;
  for_each_backend([&](Backend& backend, uint32_t) { found = found || rank(backend, tried, false) != Rank::never; });
  return found;
}

bool Pool::has_room(const TriedBackends& tried) const {
  collect(scratch(), tried, false);
  return scratch().count > 0;
}

BackendLease Pool::choose(Random& random, uint64_t key_hash, const TriedBackends& tried, bool repeatable) {
  Candidates& candidates = scratch();
  for (int race = 0;; ++race) {
    collect(candidates, tried, repeatable && !by_key_);
    if (candidates.count == 0) return {};
    const std::span<const Candidate> views(candidates.views.data(), candidates.count);
    const size_t chosen = policy_->choose(views, {random.next(), key_hash});
    Backend& backend = *candidates.backends[chosen];
    // Choosing and counting are one step: had another thread chosen it meanwhile, it may not be the least loaded now.
    if (race >= kMaxChoiceRaces && limits_.max_active == 0) {
      backend.begin_request();
    } else if (!backend.begin_request(candidates.active[chosen])) {
      continue;
    }
    backend.statistics().requests.fetch_add(1, std::memory_order_relaxed);
    return BackendLease(backend, backend.passive().standing().begin_trial());
  }
}

void Pool::note_failed_status(BackendLease& lease, int status, const AttemptEnd& end) {
  if (!health_.is_failure(status) || !lease.note_outcome()) return;
  lease->statistics().failures.fetch_add(1, std::memory_order_relaxed);
  // Of a request that no other backend is asked for there is no telling whether it would fail there too.
  judge_failure(*lease.get(), fmt::format("status {}", status), end, by_key_ ? end.key_hash : 0);
}

void Pool::note_failed(BackendLease& lease, const Error& error, http::Progress progress, bool reused,
                       const AttemptEnd& end) {
  if (!lease.note_outcome() || error.side == Side::internal || progress == http::Progress::refused) return;
  const bool timed_out = error.code == ETIMEDOUT;
  if (reused && !timed_out && progress == http::Progress::nothing_back) return;
  judge_failure(*lease.get(), error.what, end, 0);
}

void Pool::judge_failure(Backend& backend, std::string_view what, const AttemptEnd& end, uint64_t subject) {
  const Judgement judged = backend.passive().note_failure(end.now_ms, ended(backend) + 1, subject);
  if (!judged.early) backend.charge_failure();
  if (judged.suspicion == Judgement::Suspicion::none) return;
  if (!stands_out(judged, failure_share_of_others(backend, end.now_ms))) return;
  const MutexLock lock(ejecting_);
  if (!may_eject(backend)) return;
  const bool row = judged.suspicion == Judgement::Suspicion::row;
  backend.eject(end.now_ms, row ? fmt::format("{} failures in a row, the last: {}", judged.in_row, what)
                                : fmt::format("{} of {} requests failed, the last: {}", judged.window.failures,
                                              judged.window.ended, what));
}

double Pool::failure_share_of_others(const Backend& backend, int64_t now_ms) const {
  double sum = 0;
  size_t others = 0;
  for_each_backend([&](Backend& other, uint32_t) {
    if (&other == &backend || other.out_of_use() != 0) return;
    sum += other.passive().window(now_ms, ended(other)).smoothed();
    ++others;
  });
  return others == 0 ? 0 : sum / static_cast<double>(others);
}

bool Pool::may_eject(const Backend& backend) const {
  size_t known = 0;
  size_t ejected = 0;
  bool other_in_use = false;
  for_each_backend([&](const Backend& each, uint32_t) {
    ++known;
    if (each.ejected()) ++ejected;
    if (&each != &backend && each.out_of_use() == 0) other_in_use = true;
  });
  return other_in_use && (ejected + 1) * 100 < known * health_.max_ejected_percent + 100;
}

}  // namespace roost::proxy
