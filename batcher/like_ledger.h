#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "batcher/flush_policy.h"
#include "batcher/journal/record.h"
#include "batcher/open_tokens.h"
#include "batcher/sink.h"
#include "common/base/intrusive_list.h"

namespace roost::batcher {

/// The likes of one journal: those in no batch yet ("open"), the batch in flight, and the last few applied batches.
/// It follows the journal: a change is made here only after its frame has been written, and synced where
/// Options::durability says so. In memory, not thread-safe; times are milliseconds of one monotonic clock, passed in.
class LikeLedger {
 public:
  /// Applied batches remembered for pending_after().
  static constexpr size_t kRemembered = 8;

  explicit LikeLedger(const FlushPolicy& policy) : policy_(policy) {}

  /// Starts from a recovered state; nothing may have been added before. Ages count from `now_ms`.
  void restore(const JournalState& state, int64_t now_ms);
  /// Adds durable likes; `tokens` are those of the likes that have one.
  void add(const std::vector<KeyDelta>& likes, int64_t now_ms, const std::vector<TokenedLike>& tokens = {});

  /// The next batch: the keys that are due, or `all` of them; at most `max_keys` keys and as many tokens. Nothing if
  /// none is due or a batch is in flight.
  std::optional<Batch> select_batch(int64_t now_ms, size_t max_keys, bool all) const;
  /// Puts a batch from select_batch() in flight, after it has become durable.
  void begin_batch(Batch batch, int64_t now_ms);
  /// The sink has applied the batch in flight.
  void mark_applied();

  const std::optional<Batch>& in_flight() const { return in_flight_; }
  uint64_t last_sequence() const { return last_sequence_; }
  bool has_due(int64_t now_ms) const;
  bool has_open() const { return !open_.empty(); }
  /// Arrival of the oldest open like; nothing if none is open.
  std::optional<int64_t> oldest_ms() const;

  /// See Batcher::pending and Batcher::pending_after.
  int64_t pending(int64_t key) const;
  int64_t pending_after(int64_t key, uint64_t applied_seq) const;
  /// Over all keys.
  int64_t total_pending() const { return total_pending_; }
  /// Keys with pending likes; one that is open and in flight counts twice.
  size_t key_count() const { return open_.size() + (in_flight_ ? in_flight_->deltas.size() : 0); }
  bool is_open(int64_t key) const { return open_.contains(key); }
  /// Likes with a token that are pending.
  size_t token_count() const { return open_tokens_.size() + (in_flight_ ? in_flight_->tokens.size() : 0); }

  /// The payload of a SNAPSHOT frame.
  JournalState state() const;

 private:
  struct ByAge;
  struct ByCount;
  struct Open : ListLink<ByAge>, ListLink<ByCount> {
    int64_t key = 0;
    int64_t count = 0;
    int64_t since_ms = 0;
  };
  void note_count(Open& entry);
  void take(const KeyDelta& delta, int64_t now_ms);

  FlushPolicy policy_;
  std::unordered_map<int64_t, Open> open_;
  IntrusiveList<Open, ByAge> by_age_;      ///< Every open entry, oldest first.
  IntrusiveList<Open, ByCount> by_count_;  ///< Those due by count, in the order in which they became due.
  OpenTokens open_tokens_;
  std::optional<Batch> in_flight_;
  std::deque<Batch> applied_;  ///< Without their tokens.
  uint64_t last_sequence_ = 0;
  int64_t total_pending_ = 0;
};

}  // namespace roost::batcher
