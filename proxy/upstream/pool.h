#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "proxy/upstream/backend.h"
#include "proxy/upstream/balancer/balancer.h"

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

/// A backend and its share in a pool.
struct PoolMember {
  Backend* backend;
  uint32_t weight = 1;  ///< at least 1
};

/// A named set of backends and the policy that chooses among them. Shared by all loops; any thread.
class Pool {
 public:
  static constexpr size_t kMaxBackends = 128;

  /// The backends outlive the pool.
  Pool(uint32_t id, std::string name, Balance balance, std::vector<PoolMember> members);

  /// Its index among the pools of its Site.
  uint32_t id() const { return id_; }
  const std::string& name() const { return name_; }
  const std::vector<PoolMember>& members() const { return members_; }
  std::string_view policy_name() const { return policy_->name(); }

  /// Chooses the backend of one request, and counts the request as active from then on. Backends that are up and not
  /// avoided come first, then those that are up, then those that are down: one of them may be up again. Empty when
  /// every backend is unresolved, draining or tried already.
  BackendLease choose(Random& random, uint64_t key_hash, const TriedBackends& tried);

 private:
  struct Candidates {
    std::array<Candidate, kMaxBackends> views;
    std::array<Backend*, kMaxBackends> backends;
    size_t count = 0;
  };
  enum class Wanted : uint8_t { up, up_but_avoided, down };
  void collect(Candidates& into, const TriedBackends& tried, Wanted wanted) const;

  uint32_t id_;
  std::string name_;
  std::unique_ptr<BalancerPolicy> policy_;
  std::vector<PoolMember> members_;
};

}  // namespace roost::proxy
