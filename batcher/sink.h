#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "batcher/journal/journal_id.h"
#include "batcher/journal/store_id.h"
#include "common/base/result.h"

namespace roost::batcher {

/// How much is to be added to the counter of one key.
struct KeyDelta {
  int64_t key = 0;
  int64_t delta = 0;  ///< At least 1.
  friend bool operator==(const KeyDelta&, const KeyDelta&) = default;
};

/// 128 bits that identify one like, so that a repeat of it is not counted again: a hash, made by the caller, of
/// everything that distinguishes this like from others.
struct LikeToken {
  uint64_t high = 0;
  uint64_t low = 0;
  friend auto operator<=>(const LikeToken&, const LikeToken&) = default;
};

/// One like of `key` under a token.
struct TokenedLike {
  int64_t key = 0;
  LikeToken token;
  friend bool operator==(const TokenedLike&, const TokenedLike&) = default;
};

/// The increments that the sink applies in one transaction. A batch is durable in the journal before it is sent the
/// first time, and every later attempt with the same sequence has exactly the same deltas.
struct Batch {
  uint64_t sequence = 0;         ///< k: 1 for a journal's first batch, then one more each time, without gaps.
  std::vector<KeyDelta> deltas;  ///< Sorted by key, each key once; never empty.
  /// The tokens of those likes in `deltas` that have one. Sorted by key, then in order of arrival.
  std::vector<TokenedLike> tokens = {};
  friend bool operator==(const Batch&, const Batch&) = default;
};

/// The result of an attempt to apply a batch.
enum class Outcome : unsigned char {
  applied,      ///< Committed: the deltas and the new applied sequence, both.
  not_applied,  ///< Not committed, and this attempt never will be. The batch is sent again later.
  unknown,      ///< The answer was lost, or the fence failed. The batcher asks applied_seq().
};

/// The destination of batches: a database, or any store that changes its counters and one number per journal
/// atomically.
///
/// Exactly-once rests on one promise: apply() moves the journal's applied sequence from k-1 to k **and** adds the
/// deltas in one atomic and durable step, or does neither; where the stored sequence is not k-1 (a missing row counts
/// as 0), nothing is added. In SQL: `UPDATE … SET applied_seq = k WHERE journal = id AND applied_seq = k - 1` must
/// touch one row, or the transaction is rolled back and the outcome is `unknown`.
///
/// An attempt whose outcome is `unknown` must no longer be able to commit once applied_seq() has answered: a sink that
/// gave up on a connection makes sure that its transaction is over (or serialises applied_seq() behind it by locking
/// the journal's row) before it answers.
///
/// Tokens make repeats of a client's like count once, also if they reach another batcher, or the same one after a
/// crash: in the same step that adds the deltas, the sink stores the batch's tokens and subtracts 1 from a key's delta
/// for each token that was stored already (a token may occur twice in one batch). It keeps them for kSinkRemembersMs or
/// longer. A sink without tokens counts such repeats twice; everything else holds.
///
/// All calls come from one thread at a time, for the batcher's own journal and for adopted ones: from the batcher's
/// sink thread, and identity() from Batcher::open() too. They may block and should have a time-out of their own (a few
/// seconds), since Batcher::close() waits for the call in progress.
class Sink {
 public:
  /// How long a token is kept after it was applied: the time in which clients may repeat (Options::token_memory_ms),
  /// plus the time that the repeat may wait in another journal.
  static constexpr int64_t kSinkRemembersMs = 3'600'000;

  virtual ~Sink() = default;
  /// The identity of the store. A journal is applied only to the store that it was written for; journals of another
  /// store are kept and reported. Nothing: the store has none, and journals without one are adopted. An error means
  /// that the store cannot be asked now; until it can, likes are refused. Must not change while the batcher is open.
  virtual Result<std::optional<StoreId>> identity() { return std::optional<StoreId>(); }
  /// Applies `batch` for `journal`. Deltas of keys that do not exist (any more) are dropped without an error, which
  /// would block the journal for ever. Conflicts that a database asks to retry are retried here, or the answer is
  /// `not_applied`.
  virtual Outcome apply(const JournalId& journal, const Batch& batch) = 0;
  /// The sequence last applied for `journal`, 0 for an unknown journal. An error means "ask again later".
  virtual Result<uint64_t> applied_seq(const JournalId& journal) = 0;
  /// Deletes the row of a journal that is drained and removed. May be called several times; unknown journals are fine.
  virtual Result<void> forget(const JournalId& journal) = 0;
};

}  // namespace roost::batcher
