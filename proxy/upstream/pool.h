#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/mutex.h"
#include "common/base/random.h"
#include "common/http/client.h"
#include "proxy/upstream/backend.h"
#include "proxy/upstream/backend_host.h"
#include "proxy/upstream/balancer/balancer.h"
#include "proxy/upstream/request_queue.h"

namespace roost::proxy {

/// The backends that one request has been sent to in vain.
class TriedBackends {
 public:
  static constexpr size_t kMaxTried = 8;  ///< above any bound on attempts; more are not remembered
  /// Not to be chosen again.
  void add(const Backend& backend) { note(backend, /*again=*/false); }
  /// To be chosen again only where there is no other: a reused connection to it was closed, which may be all there is
  /// to it, or its process is ending.
  void avoid(const Backend& backend) { note(backend, /*again=*/true); }

  size_t count() const { return count_; }
  bool contains(const Backend& backend) const { return holds(backend, false); }
  bool avoids(const Backend& backend) const { return holds(backend, true); }

 private:
  struct Tried {
    const Backend* backend;
    bool again;
  };
  void note(const Backend& backend, bool again) {
    if (count_ < kMaxTried) tried_[count_++] = {&backend, again};
  }
  bool holds(const Backend& backend, bool again) const {
    for (size_t i = 0; i < count_; ++i) {
      if (tried_[i].backend == &backend && tried_[i].again == again) return true;
    }
    return false;
  }
  std::array<Tried, kMaxTried> tried_{};
  size_t count_ = 0;
};

/// A host and the weight of each of its backends in a pool.
struct PoolMember {
  BackendHost* host;
  uint32_t weight = 1;  ///< at least 1
};

/// When an attempt ended, and what it asked for.
struct AttemptEnd {
  int64_t now_ms = 0;     ///< of the loop
  uint64_t key_hash = 0;  ///< as in Pool::choose
};

/// A named set of backends and the policy that chooses among them. Shared by all loops; any thread.
///
/// The outcome of each attempt is to be noted here, with one of the note_ functions: a backend whose attempts fail is
/// ejected if it stands out from the others (see outlier.h), as long as no more than HealthOptions::max_ejected_percent
/// of the pool are, and another is left in use.
class Pool {
 public:
  static constexpr size_t kMaxHosts = 128;
  static constexpr size_t kMaxBackends = 512;  ///< with an address at one time; more are not used

  /// The hosts outlive the pool, and have the same `health`.
  Pool(uint32_t id, std::string name, Balance balance, std::vector<PoolMember> members, HealthOptions health = {},
       QueueLimits limits = {});

  /// Its index among the pools of its Site.
  uint32_t id() const { return id_; }
  const std::string& name() const { return name_; }
  const std::vector<PoolMember>& members() const { return members_; }
  std::string_view policy_name() const { return policy_->name(); }

  /// Chooses the backend of one request, and counts the request as active from then on. Backends that are up and not
  /// avoided come first, then those that are up, then those that have not been checked yet, then those that are
  /// ejected or fail their checks, then those that are down: one of them may be up again. Empty when every backend is
  /// unresolved, draining or tried already, or those that come first have as many requests as they may have.
  ///
  /// A backend that returned from an ejection gets one request as its trial, and while that is under way comes with
  /// the ejected ones. With `repeatable`, the request may be sent elsewhere if the trial fails: then it is preferred,
  /// unless the policy goes by key.
  BackendLease choose(Random& random, uint64_t key_hash, const TriedBackends& tried, bool repeatable = false);
  /// After choose() came back empty: there are backends to choose from, but each has as many requests as it may have.
  bool may_wait(const TriedBackends& tried) const;
  /// Whether choose() would find one now.
  bool has_room(const TriedBackends& tried) const;
  const QueueLimits& queue_limits() const { return limits_; }
  /// Of requests that wait for a backend. Whoever releases a lease calls wake_next(), where there is a bound.
  RequestQueue& queue() { return *queue_; }
  bool somebody_waits() const { return limits_.max_active > 0 && queue_->size() > 0; }

  /// The head of the answer has come. A status that counts as a failure of the backend is noted now.
  void note_status(BackendLease& lease, int status, const AttemptEnd& end) {
    if (status >= 500) {
      note_failed_status(lease, status, end);
    } else if (lease.is_trial()) {
      lease->passive().standing().note_answer();  // it need not be whole: some answers last for hours
    }
  }
  bool is_failure(int status) const { return health_.is_failure(status); }
  /// The answer is whole.
  void note_answered(BackendLease& lease) {
    if (lease.note_outcome()) lease->passive().note_success();
  }
  /// There was no answer, or it broke off. Not counted: errors of this machine's own (Side::internal), requests that
  /// were refused unprocessed, and a connection from before (`reused`) that turned out to be closed.
  void note_failed(BackendLease& lease, const Error& error, http::Progress progress, bool reused,
                   const AttemptEnd& end);

 private:
  /// Classes of backends, the most wanted first.
  enum class Rank : uint8_t { trial, up, up_but_avoided, unchecked, ejected, down, never };
  struct Candidates;
  static Rank rank(Backend& backend, const TriedBackends& tried, bool repeatable);
  static Rank rank_returned(Standing::State state, bool retried, bool repeatable);
  static Candidates& scratch();
  void collect(Candidates& into, const TriedBackends& tried, bool repeatable) const;
  bool is_full(uint32_t active) const { return limits_.max_active > 0 && active >= limits_.max_active; }
  void note_failed_status(BackendLease& lease, int status, const AttemptEnd& end);
  void judge_failure(Backend& backend, std::string_view what, const AttemptEnd& end, uint64_t subject);
  double failure_share_of_others(const Backend& backend, int64_t now_ms) const;
  bool may_eject(const Backend& backend) const;
  /// Calls `visit(backend, weight)` for each backend with an address.
  template <class Visit>
  void for_each_backend(Visit visit) const {
    for (const auto& [host, weight] : members_) {
      const size_t count = host->count();
      for (size_t i = 0; i < count; ++i) {
        if (Backend& backend = host->at(i); backend.resolved()) visit(backend, weight);
      }
    }
  }

  uint32_t id_;
  std::string name_;
  std::unique_ptr<BalancerPolicy> policy_;
  std::vector<PoolMember> members_;
  const QueueLimits limits_;
  const std::shared_ptr<RequestQueue> queue_;
  HealthOptions health_;
  bool by_key_;     // the same request always goes to the same backend
  Mutex ejecting_;  // one ejection at a time, so that not too many are
};

}  // namespace roost::proxy
