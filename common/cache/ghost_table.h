#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace roost::cache {

/// The ghost queue of S3-FIFO: the hashes of evicted entries, the latest `window_bytes` of them by charge. Stored as
/// 32-bit fingerprints in buckets of one cache line; a full bucket drops its oldest. About one key in some thousands is
/// a false positive, which only makes an eviction choose less well. Not thread-safe.
class GhostTable {
 public:
  /// Upper bound of slots(), whatever reserve() asks for.
  static constexpr size_t kMaxSlots = size_t{1} << 24;

  explicit GhostTable(uint64_t window_bytes);

  /// Makes room for about `entries` hashes; never shrinks. Before the first call the table holds nothing.
  void reserve(size_t entries);
  void insert(uint64_t hash, uint64_t charge);
  /// Removes the hash; true if it was there.
  bool take(uint64_t hash);
  size_t slots() const { return buckets_.size() * kSlotsPerBucket; }

 private:
  static constexpr size_t kSlotsPerBucket = 8;
  struct Slot {
    uint32_t fingerprint = 0;  ///< 0 is an empty slot.
    uint32_t stamp = 0;        ///< clock() when it was inserted.
  };
  struct alignas(64) Bucket {
    std::array<Slot, kSlotsPerBucket> slots;
  };

  uint32_t clock() const { return static_cast<uint32_t>(inserted_bytes_ / bytes_per_tick_); }
  uint32_t age(const Slot& slot) const { return clock() - slot.stamp; }
  Bucket& bucket_of(uint32_t fingerprint);
  Slot& slot_for(uint32_t fingerprint);

  uint64_t bytes_per_tick_;
  uint32_t window_ticks_;
  uint64_t inserted_bytes_ = 0;
  std::vector<Bucket> buckets_;
};

}  // namespace roost::cache
