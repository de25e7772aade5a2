#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "batcher/answers.h"
#include "batcher/flush_policy.h"
#include "batcher/journal/journal.h"
#include "batcher/sink.h"
#include "common/base/backoff.h"
#include "common/base/result.h"
#include "common/base/task.h"

namespace roost::batcher {

/// The most that one call of Batcher::add() may add.
inline constexpr int64_t kMaxDelta = 1'000'000;

/// When an accepted like is on disk.
enum class Durability : unsigned char {
  durable,   ///< Before it is acknowledged: survives kill -9 and loss of power.
  interval,  ///< At most sync_interval_ms after: survives kill -9; a loss of power costs at most that much.
  os,        ///< When the system gets to it: survives kill -9; a loss of power costs what the system had not written.
};

/// Everything has a default but `directory`.
struct Options {
  std::string directory;  ///< Where journals live, shared by all batchers of one host and one sink. Made if missing.
  FlushPolicy policy;
  Durability durability = Durability::durable;
  int64_t sync_interval_ms = 1000;          ///< For Durability::interval.
  int64_t batch_spacing_ms = 100;           ///< At least this long from the start of one batch to the next.
  size_t max_batch_keys = 10'000;           ///< Keys in one batch.
  size_t max_pending_keys = 200'000;        ///< Keys with likes not known applied; a like for one more is refused.
  size_t max_pending_tokens = 65'536;       ///< Likes with a token not known applied; one more is refused.
  int64_t token_memory_ms = 600'000;        ///< For so long a repeat is answered from memory; then the sink's counts.
  size_t max_known_tokens = 100'000;        ///< Tokens in that memory; older ones go first.
  size_t max_waiting = 65'536;              ///< Likes waiting to become durable; one more is refused.
  uint64_t segment_bytes = 8u << 20;        ///< Size of a journal segment; larger when its snapshot needs it.
  uint64_t max_journal_bytes = 256u << 20;  ///< All segments together.
  int64_t adoption_interval_ms = 2000;      ///< How often journals of dead batchers are looked for.
  Backoff backoff;                          ///< Between attempts that failed, of the sink and of the disk.

  /// Receives all answers of one group commit at once, on the batcher's commit thread, so that an event loop is woken
  /// once per group: post them to the loop and run() them there, soon, since the next group waits for that. Without it
  /// each `done` is called on the commit thread itself. Must not block, and must not call back into the batcher's
  /// close().
  UniqueFunction<void(Answers)> deliver;
  /// Called on the sink thread for every batch known to be applied (adopted ones too, those found out by asking
  /// too), just before its likes stop being pending: the place to drop cached counts. May be called again for a batch
  /// after a crash.
  UniqueFunction<void(const Batch&)> on_applied;
  /// One sentence for the log, from either thread, when something is wrong (a failing disk, a damaged journal) or
  /// worth knowing (an adoption).
  std::function<void(std::string_view)> report;
  /// 64 random bits per call, from either thread; the system's generator when not given. Tests pass a seeded one.
  std::function<uint64_t()> random;
};

/// An error that names the first option that cannot be.
Result<void> validate(const Options& options);

/// The sizes of a journal's segments that `options` ask for.
JournalLimits journal_limits(const Options& options);

}  // namespace roost::batcher
