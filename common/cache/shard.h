#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/base/mutex.h"
#include "common/cache/entry.h"
#include "common/cache/expiry_heap.h"
#include "common/cache/s3_fifo.h"
#include "common/cache/store_stats.h"

namespace roost::cache {

/// One part of a Store, with a lock of its own. Buckets are chains through the entries, chosen by the highest bits of
/// the hash: doubling their number keeps entries in the order of their hashes, so a sweep that has come to some hash
/// stays right.
///
/// Invariant under the lock: the entries in the buckets, in the policy's queues and in the heap (but for those that
/// never expire) are the same, and the shard holds one reference to each. Entries that leave are destroyed after the
/// lock is released. The methods take the lock; their meaning is in store.h.
class alignas(64) Shard {
 public:
  explicit Shard(uint64_t limit_bytes) : limit_bytes_(limit_bytes), policy_(limit_bytes), buckets_(kMinBuckets) {}
  ~Shard() { clear(); }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// With a reference for the caller, or null.
  Entry* find(std::string_view key, uint64_t hash, int64_t now_ms, bool counts);
  /// Takes the caller's reference, whatever the outcome.
  bool insert(Entry* entry, uint64_t max_entry_bytes, int64_t now_ms);
  bool erase(std::string_view key, uint64_t hash);
  bool erase_same(const Entry& entry);
  size_t drop_expired(int64_t now_ms, size_t max_entries);
  /// Whole buckets from the one of `hash_from` on, until `max_entries` have been seen. The hash to go on from, or 0
  /// when the end is reached.
  uint64_t sweep(uint64_t hash_from, size_t& max_entries, bool (*erase_it)(void*, Entry&), void* context);
  void clear();
  /// At most the limit.
  void set_aside(uint64_t bytes);
  void add_stats_to(StoreStats& total) const;

 private:
  static constexpr unsigned kMinBucketBits = 4;
  static constexpr size_t kMinBuckets = size_t{1} << kMinBucketBits;

  /// Entries on their way out, chained through their bucket links. Declared before the lock is taken, it is destroyed
  /// after the lock is released.
  class Departed {
   public:
    Departed() = default;
    ~Departed();
    Departed(const Departed&) = delete;
    Departed& operator=(const Departed&) = delete;
    void add(Entry& entry);

   private:
    Entry* first_ = nullptr;
  };

  size_t bucket_index(uint64_t hash) const ROOST_REQUIRES(mutex_) { return hash >> (64 - bucket_bits_); }
  Entry** link_of(std::string_view key, uint64_t hash) ROOST_REQUIRES(mutex_);
  void link_in(Entry& entry) ROOST_REQUIRES(mutex_);
  void detach(Entry** link, Departed& departed) ROOST_REQUIRES(mutex_);
  void remove(Entry** link, uint64_t& reason, Departed& departed) ROOST_REQUIRES(mutex_);
  void drop_soonest(int64_t now_ms, Departed& departed) ROOST_REQUIRES(mutex_);
  void make_room(uint64_t charge, int64_t now_ms, Departed& departed) ROOST_REQUIRES(mutex_);
  void grow_buckets() ROOST_REQUIRES(mutex_);

  uint64_t room_bytes() const ROOST_REQUIRES(mutex_) { return limit_bytes_ - aside_bytes_; }

  const uint64_t limit_bytes_;
  mutable Mutex mutex_;
  uint64_t aside_bytes_ ROOST_GUARDED_BY(mutex_) = 0;
  S3Fifo policy_ ROOST_GUARDED_BY(mutex_);
  ExpiryHeap expiry_ ROOST_GUARDED_BY(mutex_);
  unsigned bucket_bits_ ROOST_GUARDED_BY(mutex_) = kMinBucketBits;
  std::vector<Entry*> buckets_ ROOST_GUARDED_BY(mutex_);
  StoreStats stats_ ROOST_GUARDED_BY(mutex_);
};

}  // namespace roost::cache
