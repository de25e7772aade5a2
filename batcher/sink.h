#pragma once

#include <compare>
#include <cstdint>
#include <vector>

#include "batcher/journal/journal_id.h"
#include "common/base/result.h"

namespace roost::batcher {

/// How much is to be added to the counter of one key.
struct KeyDelta {
  int64_t key = 0;
  int64_t delta = 0;  ///< At least 1.
  friend bool operator==(const KeyDelta&, const KeyDelta&) = default;
};

/// 128 bits that name one like: given again, it is not counted again. Whoever asks for the like makes them, by a hash
/// of what tells this like from any other.
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

/// What goes to the sink in one transaction. Its bytes are durable in the journal before it is sent the first time, and
/// every later attempt under the same sequence carries exactly the same deltas.
struct Batch {
  uint64_t sequence = 0;         ///< k: 1 for a journal's first batch, then one more each time, without gaps.
  std::vector<KeyDelta> deltas;  ///< Sorted by key, each key once; never empty.
  /// Those of the likes in `deltas` that have a token, each one of its key's delta. Sorted by key, and those of a key
  /// in the order in which they came.
  std::vector<TokenedLike> tokens = {};
  friend bool operator==(const Batch&, const Batch&) = default;
};

/// What is known after an attempt to apply a batch.
enum class Outcome : unsigned char {
  applied,      ///< Committed: the deltas and the new applied sequence, both.
  not_applied,  ///< Certainly not committed, and never will be by this attempt. It is sent again later.
  unknown,      ///< Cannot be said (an answer was lost, or the fence failed). The batcher asks applied_seq().
};

/// Where batches end up: a database, or anything that can change its counters and one number per journal atomically.
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
/// Tokens make a client's own repeats count once, also when they reach another batcher, or the same one after a crash:
/// in the step that adds the deltas the sink remembers the batch's tokens, and takes one off a key's delta for each
/// that it knew already (a token may stand twice in one batch). It remembers them for kSinkRemembersMs or longer. A
/// sink that does without counts such repeats twice; all else holds.
///
/// All calls come from one thread of the batcher, one at a time, for its own journal and for adopted ones. They may
/// block and should have a time-out of their own (a few seconds), since Batcher::close() waits for the one under way.
class Sink {
 public:
  /// From when a token was applied: as long as clients may repeat (Options::token_memory_ms), and as long again and
  /// more as the repeat may lie in another journal before it comes.
  static constexpr int64_t kSinkRemembersMs = 3'600'000;

  virtual ~Sink() = default;
  /// Applies `batch` for `journal`. A key that no longer exists is dropped in silence by the sink, never an error:
  /// it would hold up the journal for ever. Conflicts that a database asks to retry are retried here or answered
  /// `not_applied`.
  virtual Outcome apply(const JournalId& journal, const Batch& batch) = 0;
  /// The sequence last applied for `journal`, 0 for a journal never heard of. An error means "ask again later".
  virtual Result<uint64_t> applied_seq(const JournalId& journal) = 0;
  /// The journal is drained and gone: its row may go. Called once or several times; unknown journals are fine.
  virtual Result<void> forget(const JournalId& journal) = 0;
};

}  // namespace roost::batcher
