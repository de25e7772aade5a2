#include "common/cache/expiry_heap.h"

#include "common/base/check.h"

namespace roost::cache {

void ExpiryHeap::insert(Entry& entry) {
  ROOST_CHECK(entry.heap_index_ == Entry::kNotInHeap);
  if (entry.expires_at_ms() == kNeverExpires) return;
  slots_.push_back({});
  sift_up(slots_.size() - 1, {entry.expires_at_ms(), &entry});
}

void ExpiryHeap::remove(Entry& entry) {
  const size_t index = entry.heap_index_;
  if (index == Entry::kNotInHeap) return;
  entry.heap_index_ = Entry::kNotInHeap;
  const Slot last = slots_.back();
  slots_.pop_back();
  if (last.entry == &entry) return;
  // The last slot fills the gap and moves up or down from there.
  if (index != 0 && last.expires_at_ms < slots_[(index - 1) / 2].expires_at_ms) {
    sift_up(index, last);
  } else {
    sift_down(index, last);
  }
}

void ExpiryHeap::place(size_t index, Slot slot) {
  slots_[index] = slot;
  slot.entry->heap_index_ = static_cast<uint32_t>(index);
}

void ExpiryHeap::sift_up(size_t index, Slot slot) {
  while (index != 0) {
    const size_t parent = (index - 1) / 2;
    if (slots_[parent].expires_at_ms <= slot.expires_at_ms) break;
    place(index, slots_[parent]);
    index = parent;
  }
  place(index, slot);
}

void ExpiryHeap::sift_down(size_t index, Slot slot) {
  for (;;) {
    size_t child = 2 * index + 1;
    if (child >= slots_.size()) break;
    if (child + 1 < slots_.size() && slots_[child + 1].expires_at_ms < slots_[child].expires_at_ms) ++child;
    if (slot.expires_at_ms <= slots_[child].expires_at_ms) break;
    place(index, slots_[child]);
    index = child;
  }
  place(index, slot);
}

}  // namespace roost::cache
