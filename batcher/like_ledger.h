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

/// The likes one journal holds: those in no batch yet ("open"), the batch in flight, and the last few applied batches.
/// It follows the journal: a change is made here only once the frame that says so is as durable as it is going to be.
/// In memory, not thread-safe; times are milliseconds of one clock, passed in and never going back.
class LikeLedger {
 public:
  /// Applied batches remembered for pending_after().
  static constexpr size_t kRemembered = 8;

  explicit LikeLedger(const FlushPolicy& policy) : policy_(policy) {}

  /// What a journal was found to hold, before anything else is added: the batch in flight and likes that are due at
  /// once.
  void restore(const JournalState& state, int64_t now_ms);
  /// Likes have become durable; `tokens` are those of the likes among them that have one.
  void add(const std::vector<KeyDelta>& likes, int64_t now_ms, const std::vector<TokenedLike>& tokens = {});

  /// The next batch: keys that are due, or all of them, at most `max_keys`, and no more tokens than that; nothing when
  /// there are none or while one is in flight. Changes nothing.
  std::optional<Batch> select_batch(int64_t now_ms, size_t max_keys, bool all) const;
  /// A batch from select_batch() has become durable: it is in flight now.
  void begin_batch(Batch batch, int64_t now_ms);
  /// The batch in flight is known to be in the sink.
  void mark_applied();

  const std::optional<Batch>& in_flight() const { return in_flight_; }
  uint64_t last_sequence() const { return last_sequence_; }
  bool has_due(int64_t now_ms) const;
  bool has_open() const { return !open_.empty(); }
  /// When the oldest open like came; nothing when none is open.
  std::optional<int64_t> oldest_ms() const;

  /// See Batcher::pending and Batcher::pending_after.
  int64_t pending(int64_t key) const;
  int64_t pending_after(int64_t key, uint64_t applied_seq) const;
  /// All keys together.
  int64_t total_pending() const { return total_pending_; }
  /// Keys with pending likes; one that is open and in flight counts twice.
  size_t key_count() const { return open_.size() + (in_flight_ ? in_flight_->deltas.size() : 0); }
  bool is_open(int64_t key) const { return open_.contains(key); }
  /// Likes with a token that are pending.
  size_t token_count() const { return open_tokens_.size() + (in_flight_ ? in_flight_->tokens.size() : 0); }

  /// For a SNAPSHOT.
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
  IntrusiveList<Open, ByCount> by_count_;  ///< Those due by count, in the order they became so.
  OpenTokens open_tokens_;
  std::optional<Batch> in_flight_;
  std::deque<Batch> applied_;  ///< Without their tokens.
  uint64_t last_sequence_ = 0;
  int64_t total_pending_ = 0;
};

}  // namespace roost::batcher
