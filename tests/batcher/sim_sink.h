#pragma once

#include <map>
#include <optional>
#include <random>
#include <set>

#include "batcher/sink.h"

namespace roost::batcher {

/// A database in memory that keeps the sink's promise and is otherwise unreliable: it refuses, loses answers, and lets
/// a lost attempt come through late. Shared by all simulated processes; never loses anything itself.
class SimDatabase {
 public:
  explicit SimDatabase(uint64_t seed) : random_(seed) {}

  double refuse = 0;  ///< Chance that an attempt is certainly not applied.
  double lose = 0;    ///< Chance that the answer is lost, with the attempt applied, not applied, or still on its way.
  std::map<int64_t, int64_t> counts;
  std::map<JournalId, uint64_t> applied;
  std::set<LikeToken> tokens;
  std::optional<StoreId> identity;
  uint64_t statements = 0;
  uint64_t impossible = 0;  ///< Attempts under a sequence that was applied before with other deltas.

  Outcome apply(const JournalId& journal, const Batch& batch) {
    land_late(journal);
    if (chance(refuse)) return Outcome::not_applied;
    if (!chance(lose)) return commit(journal, batch) ? Outcome::applied : Outcome::unknown;
    if (chance(0.3)) {
      late_[journal] = batch;
    } else if (chance(0.5)) {
      commit(journal, batch);
    }
    return Outcome::unknown;
  }
  Result<uint64_t> applied_seq(const JournalId& journal) {
    if (chance(refuse)) return fail("simulated: no answer", Side::backend, true);
    land_late(journal);
    return applied.contains(journal) ? applied[journal] : 0;
  }
  Result<void> forget(const JournalId& journal) {
    if (chance(refuse)) return fail("simulated: no answer", Side::backend, true);
    late_.erase(journal);
    applied.erase(journal);
    return {};
  }

 private:
  bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }
  bool commit(const JournalId& journal, const Batch& batch) {
    if (applied[journal] + 1 != batch.sequence) {
      if (applied[journal] == batch.sequence && last_[journal] != batch) ++impossible;
      return false;
    }
    ++statements;
    applied[journal] = batch.sequence;
    last_[journal] = batch;
    for (const KeyDelta& delta : batch.deltas) counts[delta.key] += delta.delta;
    for (const TokenedLike& like : batch.tokens) {
      if (!tokens.insert(like.token).second) --counts[like.key];
    }
    return true;
  }
  /// A lost attempt comes through, or never will, or is still on its way: more than the contract allows, since it may
  /// then come after applied_seq() has answered. Only the fence keeps it from counting beside the attempt that follows.
  void land_late(const JournalId& journal) {
    const auto at = late_.find(journal);
    if (at == late_.end() || chance(0.3)) return;
    if (chance(0.5)) commit(journal, at->second);
    late_.erase(at);
  }

  std::mt19937_64 random_;
  std::map<JournalId, Batch> late_;
  std::map<JournalId, Batch> last_;
};

/// A database's sink with nothing in between.
class SimSink final : public Sink {
 public:
  explicit SimSink(SimDatabase& database) : database_(database) {}
  Result<std::optional<StoreId>> identity() override { return database_.identity; }
  Outcome apply(const JournalId& journal, const Batch& batch) override { return database_.apply(journal, batch); }
  Result<uint64_t> applied_seq(const JournalId& journal) override { return database_.applied_seq(journal); }
  Result<void> forget(const JournalId& journal) override { return database_.forget(journal); }

 private:
  SimDatabase& database_;
};

}  // namespace roost::batcher
