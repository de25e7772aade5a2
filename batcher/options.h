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

/// When an accepted like is synced to disk.
enum class Durability : unsigned char {
  durable,   ///< Before it is acknowledged: survives kill -9 and power loss.
  interval,  ///< Within sync_interval_ms: survives kill -9; a power loss may lose the likes of one interval.
  os,        ///< When the kernel writes it back: survives kill -9; a power loss may lose what was not written back.
};

/// Everything but `directory` has a default. See validate().
struct Options {
  std::string directory;  ///< Of all journals of one host and one sink. Created if missing.
  FlushPolicy policy;
  Durability durability = Durability::durable;
  int64_t sync_interval_ms = 1000;          ///< For Durability::interval.
  int64_t batch_spacing_ms = 100;           ///< Minimum time from the start of one batch to the next.
  size_t max_batch_keys = 10'000;           ///< Keys in one batch.
  size_t max_pending_keys = 200'000;        ///< Keys with likes not known applied; a like for one more is refused.
  size_t max_pending_tokens = 65'536;       ///< Likes with a token not known applied; one more is refused.
  int64_t token_memory_ms = 600'000;        ///< How long repeats are answered from memory; then by the sink.
  size_t max_known_tokens = 100'000;        ///< Tokens in that memory; the oldest are dropped first.
  size_t max_waiting = 65'536;              ///< Likes waiting to become durable; one more is refused.
  uint64_t segment_bytes = 8u << 20;        ///< Size of a journal segment; larger if its snapshot needs it.
  uint64_t max_journal_bytes = 256u << 20;  ///< Of all segments.
  int64_t adoption_interval_ms = 2000;      ///< Time between scans for journals of dead batchers.
  Backoff backoff;                          ///< Between failed attempts, of the sink and of the disk.

  /// Receives all answers of one group commit, on the commit thread, so that an event loop is woken once per group:
  /// post them to the loop and run() them there without delay, since the next group waits for that. If not set, each
  /// `done` is called on the commit thread. Must not block, nor call Batcher::close().
  UniqueFunction<void(Answers)> deliver;
  /// Called on the sink thread for every batch known to be applied, of adopted journals too, just before its likes stop
  /// being pending: the place to invalidate cached counts. May be called again for the same batch after a crash.
  UniqueFunction<void(const Batch&)> on_applied;
  /// Receives one log line about a failure (of the disk, a damaged journal) or an adoption. From either thread.
  std::function<void(std::string_view)> report;
  /// 64 random bits per call, from either thread. If not set, getrandom(2); tests pass a seeded generator.
  std::function<uint64_t()> random;
};

/// An error that names the first invalid option.
Result<void> validate(const Options& options);

/// The journal sizes that follow from `options`.
JournalLimits journal_limits(const Options& options);

}  // namespace roost::batcher
