#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/cache/entry.h"
#include "common/cache/hash.h"
#include "common/cache/store_stats.h"

namespace roost::cache {

class Shard;

struct StoreOptions {
  /// Bytes of all entries together, as charged (Entry::charge).
  uint64_t limit_bytes = 64 << 20;
  /// The largest entry that is kept, as charged; 0 for a sixteenth of the limit.
  uint64_t max_entry_bytes = 0;
  /// Locks wanted. Rounded down to a power of two, and halved until a shard holds kMinEntriesPerShard of the largest
  /// entries, since a shard evicts on its own. One lock suffices for a program with one thread.
  unsigned shards = 16;
};

/// Where a sweep has come to. It stays right while the store changes between steps: what was in the store during the
/// whole sweep is seen exactly once.
struct SweepPosition {
  unsigned shard = 0;
  uint64_t hash_from = 0;
};

/// The store without its entries' type; use Store below.
class StoreCore {
 public:
  static constexpr unsigned kMaxShards = 64;
  static constexpr uint64_t kMinEntriesPerShard = 4;

  explicit StoreCore(const StoreOptions& options);
  ~StoreCore();
  StoreCore(const StoreCore&) = delete;
  StoreCore& operator=(const StoreCore&) = delete;

  bool erase(std::string_view key, uint64_t hash);
  size_t drop_expired(int64_t now_ms, size_t max_entries);
  void clear();
  void set_aside(uint64_t bytes);
  StoreStats stats() const;
  unsigned shard_count() const { return shard_mask_ + 1; }
  uint64_t limit_bytes() const { return limit_bytes_; }
  uint64_t max_entry_bytes() const { return max_entry_bytes_; }

 protected:
  using Predicate = bool (*)(void* context, Entry& entry);
  Entry* find(std::string_view key, uint64_t hash, int64_t now_ms, bool counts);
  bool insert(Entry* entry, int64_t now_ms);
  bool erase_same(const Entry& entry);
  bool sweep(SweepPosition& position, size_t max_entries, Predicate erase_it, void* context);

 private:
  Shard& shard_of(uint64_t hash) const;
  uint64_t limit_bytes_;
  uint64_t max_entry_bytes_;
  unsigned shard_mask_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

/// A bounded store of entries by key, for all threads. It is divided into shards by the key's hash; each has a lock of
/// its own, held for the look-up only: an entry is read, written to sockets and destroyed without it. Room is made by
/// dropping entries whose time is over, then by S3-FIFO (s3_fifo.h). Time is passed in and only ever compared with
/// Entry::expires_at_ms, so any clock does, as long as it is the same one.
///
/// T derives from Entry. Every method may be called from any thread; `hash` is always hash_key(key).
template <class T>
class Store : public StoreCore {
 public:
  using StoreCore::StoreCore;

  /// The entry of that key, or empty. An entry whose time is over is dropped here and counts as a miss. Does not
  /// allocate.
  Ref<T> find(std::string_view key, uint64_t hash, int64_t now_ms) {
    return Ref<T>::adopt(static_cast<T*>(StoreCore::find(key, hash, now_ms, true)));
  }
  /// The same, unseen: neither counts nor makes the entry more likely to stay.
  Ref<T> peek(std::string_view key, uint64_t hash, int64_t now_ms) {
    return Ref<T>::adopt(static_cast<T*>(StoreCore::find(key, hash, now_ms, false)));
  }
  /// Keeps the entry, in place of one of the same key if there is one. False when it is larger than max_entry_bytes()
  /// or expired already; one of the same key is dropped all the same, since this one is newer.
  bool insert(Ref<T> entry, int64_t now_ms) { return StoreCore::insert(entry.release(), now_ms); }

  /// False when there is no such key.
  bool erase(std::string_view key, uint64_t hash) { return StoreCore::erase(key, hash); }
  /// Drops this very entry; false when it has been replaced or has left meanwhile.
  bool erase(const T& entry) { return StoreCore::erase_same(entry); }

  /// One step through the whole store: shows about `max_entries` entries to `erase_it(T&)` under a shard's lock, drops
  /// those it says true to, and advances `position`. False when the end is reached. `erase_it` must not call the store.
  template <class F>
  bool sweep(SweepPosition& position, size_t max_entries, F&& erase_it) {
    Predicate call = [](void* context, Entry& entry) -> bool {
      return (*static_cast<std::remove_reference_t<F>*>(context))(static_cast<T&>(entry));
    };
    return StoreCore::sweep(position, max_entries, call, const_cast<void*>(static_cast<const void*>(&erase_it)));
  }

  // From StoreCore:
  //   size_t drop_expired(int64_t now_ms, size_t max_entries)   how many were dropped; per shard at most max_entries
  //   void clear()
  //   void set_aside(uint64_t bytes)                            that much of the limit is used for something else from
  //                                                             now on: entries leave at once where they have to, and
  //                                                             one that does not fit into what is left is refused
  //   StoreStats stats() const                                  a sum over shards, each consistent in itself
};

}  // namespace roost::cache
