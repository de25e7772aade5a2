#pragma once

#include <cstddef>
#include <cstdint>

namespace roost::batcher {

/// Counters since open() and present values, all taken at one moment.
struct Stats {
  int64_t pending = 0;            ///< Likes accepted and not known applied.
  size_t pending_keys = 0;        ///< Keys they are for.
  int64_t oldest_pending_ms = 0;  ///< Age of the oldest like not yet in a batch; 0 when there is none.
  uint64_t accepted = 0;          ///< Likes acknowledged.
  uint64_t repeats = 0;           ///< Likes with a known token; they are not counted again.
  uint64_t refused = 0;           ///< Likes refused at a limit, or failed by the disk.
  uint64_t applied = 0;           ///< Likes known applied, of the own journal.
  uint64_t batches = 0;           ///< Batches known applied, of the own journal.
  uint64_t last_batch_keys = 0;
  uint64_t last_batch_likes = 0;
  uint64_t statements_saved = 0;  ///< applied - batches: statements saved against one per like.
  uint64_t sink_failures = 0;     ///< Attempts not applied or of unknown outcome.
  uint64_t groups = 0;            ///< Group commits.
  uint64_t syncs = 0;             ///< fdatasync calls.
  uint64_t journal_bytes = 0;     ///< Disk space allocated to the own journal's segments.
  uint64_t rotations = 0;         ///< Segments begun after the first.
  uint64_t adopted = 0;           ///< Journals of others drained and removed.
  uint64_t quarantined = 0;       ///< Journals of others found damaged and put aside.
  uint64_t foreign = 0;           ///< Journals of dead batchers that are kept because they name another store.
  bool accepting = true;  ///< False while the journal cannot be written or the store is not known, and once closed.
};

}  // namespace roost::batcher
