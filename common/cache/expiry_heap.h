#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/cache/entry.h"

namespace roost::cache {

/// The entries of a shard by the time they expire, soonest on top: a binary heap whose places the entries know, so that
/// one can be taken out wherever it stands. Entries that never expire are not in it. Owns nothing. Not thread-safe.
class ExpiryHeap {
 public:
  /// O(log n), O(1) for an entry that expires last, as most new ones do.
  void insert(Entry& entry);
  /// No matter whether the entry is in.
  void remove(Entry& entry);
  /// The soonest one if its time is over, else null.
  Entry* expired(int64_t now_ms) const {
    return slots_.empty() || slots_[0].expires_at_ms > now_ms ? nullptr : slots_[0].entry;
  }
  size_t size() const { return slots_.size(); }

 private:
  struct Slot {
    int64_t expires_at_ms;  ///< Here too, so that comparing does not touch the entry.
    Entry* entry;
  };
  void place(size_t index, Slot slot);
  void sift_up(size_t index, Slot slot);
  void sift_down(size_t index, Slot slot);

  std::vector<Slot> slots_;
};

}  // namespace roost::cache
