#include "common/cache/ghost_table.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace roost::cache {
namespace {

// Ages are in ticks of a millionth of the window, so 32 bits wrap only after 4,096 windows: a slot that old and never
// overwritten may look young again, which is harmless.
constexpr uint64_t kTicksPerWindow = uint64_t{1} << 20;

// The bits between the lowest, which choose the shard, and the highest, which choose the store's bucket. Never 0.
uint32_t fingerprint_of(uint64_t hash) {
  return std::max<uint32_t>(static_cast<uint32_t>(hash >> 16), 1);
}

}  // namespace

GhostTable::GhostTable(uint64_t window_bytes)
    : bytes_per_tick_(std::max<uint64_t>(window_bytes / kTicksPerWindow, 1)),
      window_ticks_(static_cast<uint32_t>(window_bytes / bytes_per_tick_)) {}

void GhostTable::reserve(size_t entries) {
  const size_t wanted = std::bit_ceil(std::min(entries, kMaxSlots));
  if (wanted <= slots()) return;
  std::vector<Bucket> old(std::max<size_t>(wanted / kSlotsPerBucket, 1));
  old.swap(buckets_);
  for (const Bucket& bucket : old) {
    for (const Slot& slot : bucket.slots) {
      if (slot.fingerprint != 0 && age(slot) <= window_ticks_) slot_for(slot.fingerprint) = slot;
    }
  }
}

void GhostTable::insert(uint64_t hash, uint64_t charge) {
  inserted_bytes_ += charge;
  if (buckets_.empty()) return;
  const uint32_t fingerprint = fingerprint_of(hash);
  slot_for(fingerprint) = Slot{fingerprint, clock()};
}

bool GhostTable::take(uint64_t hash) {
  if (buckets_.empty()) return false;
  const uint32_t fingerprint = fingerprint_of(hash);
  for (Slot& slot : bucket_of(fingerprint).slots) {
    if (slot.fingerprint != fingerprint) continue;
    const bool remembered = age(slot) <= window_ticks_;
    slot = Slot{};
    return remembered;
  }
  return false;
}

GhostTable::Bucket& GhostTable::bucket_of(uint32_t fingerprint) {
  return buckets_[fingerprint & (buckets_.size() - 1)];
}

// The slot with the same fingerprint, else an empty one, else the oldest.
GhostTable::Slot& GhostTable::slot_for(uint32_t fingerprint) {
  Bucket& bucket = bucket_of(fingerprint);
  Slot* best = &bucket.slots[0];
  for (Slot& slot : bucket.slots) {
    if (slot.fingerprint == fingerprint) return slot;
    if (best->fingerprint == 0) continue;
    if (slot.fingerprint == 0 || age(slot) > age(*best)) best = &slot;
  }
  return *best;
}

}  // namespace roost::cache
