#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "batcher/sink.h"

namespace roost::batcher {

/// The likes of one group commit, folded by key: an open-addressing index over a dense list, both of which keep their
/// memory when cleared, so that a like allocates nothing once the group has had its usual size. Not thread-safe.
class KeyCounts {
 public:
  /// Adds `delta` to `key`; O(1).
  void add(int64_t key, int64_t delta) {
    if ((pairs_.size() + 1) * 2 > index_.size()) grow();
    uint32_t& slot = find_slot(key);
    if (slot == 0) {
      pairs_.push_back({key, 0});
      slot = static_cast<uint32_t>(pairs_.size());
    }
    pairs_[slot - 1].delta += delta;
  }
  /// In order of first appearance.
  const std::vector<KeyDelta>& pairs() const { return pairs_; }
  size_t size() const { return pairs_.size(); }
  bool empty() const { return pairs_.empty(); }
  bool contains(int64_t key) { return !pairs_.empty() && find_slot(key) != 0; }
  void clear() {
    if (pairs_.size() * 8 < index_.size()) {
      // A short list in a wide index is taken out entry by entry, from the last: an entry's probe then never crosses a
      // slot that was emptied before it.
      for (size_t i = pairs_.size(); i > 0; --i) find_slot(pairs_[i - 1].key) = 0;
    } else {
      index_.assign(index_.size(), 0);
    }
    pairs_.clear();
  }

 private:
  uint32_t& find_slot(int64_t key) {
    const size_t mask = index_.size() - 1;
    size_t at = static_cast<size_t>((static_cast<uint64_t>(key) * 0x9e3779b97f4a7c15u) >> 32) & mask;
    while (index_[at] != 0 && pairs_[index_[at] - 1].key != key) at = (at + 1) & mask;
    return index_[at];
  }
  void grow() {
    index_.assign(index_.empty() ? 64 : index_.size() * 2, 0);
    for (size_t i = 0; i < pairs_.size(); ++i) find_slot(pairs_[i].key) = static_cast<uint32_t>(i + 1);
  }
  std::vector<KeyDelta> pairs_;
  std::vector<uint32_t> index_;  ///< Place in pairs_ plus one; 0 is free. Its size is a power of two.
};

}  // namespace roost::batcher
