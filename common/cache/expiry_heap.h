#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/cache/entry.h"

namespace roost::cache {

/// A binary min-heap of a shard's entries by expiry time. Each entry stores its index, so any entry can be removed in
/// O(log n). Entries that never expire are not in it. Does not own the entries. Not thread-safe.
class ExpiryHeap {
 public:
  /// O(log n); O(1) for an entry that expires last, as most new ones do.
  void insert(Entry& entry);
  /// Does nothing if the entry is not in the heap.
  void remove(Entry& entry);
  /// An expired entry, the one with the earliest time; null if there is none.
  Entry* expired(int64_t now_ms) const {
    return slots_.empty() || slots_[0].expires_at_ms > now_ms ? nullptr : slots_[0].entry;
  }
  size_t size() const { return slots_.size(); }

 private:
  struct Slot {
    int64_t expires_at_ms;  ///< A copy, so that comparisons do not load the entry.
    Entry* entry;
  };
  void place(size_t index, Slot slot);
  void sift_up(size_t index, Slot slot);
  void sift_down(size_t index, Slot slot);

  std::vector<Slot> slots_;
};

}  // namespace roost::cache
