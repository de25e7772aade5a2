#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "batcher/like_intake.h"
#include "batcher/options.h"
#include "common/base/clock.h"

namespace roost::batcher {

/// Work that the journal needs from the commit thread while no likes arrive. Times are of Clock::monotonic_ms.
struct JournalUpkeep {
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  int64_t sync_due_ms = kNever;    ///< Next sync of Durability::interval.
  int64_t repair_due_ms = kNever;  ///< Next attempt to replace a broken segment.
  int64_t poll_ms = kNever;        ///< Longest time to wait before reading the clock again.
  bool unsynced = false;           ///< Written bytes are not synced; a stopping commit thread syncs them.

  bool due(int64_t now_ms) const { return now_ms >= sync_due_ms || now_ms >= repair_due_ms; }
};

/// State of the journal for LikeLog: figures for Stats, and the error that makes add() refuse.
struct JournalStatus {
  uint64_t syncs = 0;
  uint64_t bytes = 0;
  uint64_t rotations = 0;
  std::optional<Error> error;   ///< Why no segment could be begun; none once that has worked.
  int64_t refuse_until_ms = 0;  ///< Time of the next attempt.
};

/// Writes the frames of one Journal: makes room by beginning a new segment, replaces a broken segment with back-off,
/// and syncs as Options::durability says. Used by the commit thread only.
class JournalWriter {
 public:
  /// `snapshot` returns what a new segment has to begin with.
  JournalWriter(const Options& options, Clock& clock, std::unique_ptr<Journal> journal,
                std::function<JournalState()> snapshot);

  /// See Journal::tie_to; repair() or the next group begins the segment.
  void tie_to(const StoreId& store) { journal_->tie_to(store); }
  /// Stages one group. After an error the group is not in the journal.
  Result<void> stage_likes(const LikeGroup& group);
  /// How many keys the next batch may have, at least 1. Begins a new segment if the reserve of this one is in use.
  Result<size_t> room_for_batch();
  void stage_batch(const Batch& batch);
  /// Stages the hint that batch `sequence` is applied. False if there is no room for it.
  bool stage_applied(uint64_t sequence);
  bool has_staged() const { return journal_->has_staged(); }
  bool broken() const { return journal_->broken(); }

  /// Writes what is staged, then syncs if `must_sync`. After an error the journal is broken.
  Result<void> write(bool must_sync);
  /// Replaces a broken segment, if the back-off allows it now.
  void repair();

  JournalUpkeep upkeep() const;
  JournalStatus status() const;
  Journal& journal() { return *journal_; }
  /// Releases the journal's lock. Nothing may be called afterwards.
  void release() { journal_.reset(); }

 private:
  Result<void> begin_segment();
  void report(const Error& error);

  const Options& options_;
  Clock& clock_;
  std::unique_ptr<Journal> journal_;
  const std::function<JournalState()> snapshot_;
  std::string payload_;  ///< Reused for every frame.
  int64_t last_sync_ms_;
  int64_t retry_segment_at_ms_ = 0;
  int segment_failures_ = 0;  ///< In a row.
  Error segment_error_;       ///< The last of them.
  uint64_t rotations_ = 0;
};

}  // namespace roost::batcher
