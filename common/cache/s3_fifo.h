#pragma once

#include <cstdint>

#include "common/base/check.h"
#include "common/base/intrusive_list.h"
#include "common/cache/entry.h"
#include "common/cache/ghost_table.h"

namespace roost::cache {

/// Which entry leaves when room is needed: S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction",
/// SOSP 2023), by bytes. A new entry starts in the *small* queue, a tenth of the limit; most keys are asked for once
/// and leave from there. An entry hit at least kPromotionHits times by then moves on to *main*, where each hit, up to
/// kMaxHits, buys one more round. The *ghost* table remembers the hashes of what left small: a key that comes back
/// starts in main. A hit only counts, it moves nothing.
///
/// The policy owns no entry, knows no keys and no time. It is one of its kind: another policy offers the same calls
/// (insert, hit, remove, release, evict, bytes, entries) and takes its place in Shard. Not thread-safe.
class S3Fifo {
 public:
  static constexpr uint8_t kMaxHits = 3;
  static constexpr uint8_t kPromotionHits = 2;
  static constexpr uint64_t kSmallPercent = 10;

  /// Plans for `limit_bytes` of charge; the caller evicts until a new entry fits.
  explicit S3Fifo(uint64_t limit_bytes);

  /// What an entry has earned; handed on by an entry to the one that replaces it.
  struct Standing {
    Entry::Queue queue = Entry::Queue::small;
    uint8_t hits = 0;
  };

  /// Takes a new entry in.
  void insert(Entry& entry);
  /// Takes in an entry that replaces one let go by release(): a refreshed entry is as popular as before.
  void insert(Entry& entry, Standing standing);
  /// The entry was asked for and is here.
  void hit(Entry& entry) {
    if (entry.hits_ < kMaxHits) ++entry.hits_;
  }
  /// Lets an entry go for another reason than want of room (expiry, erasure). If it had earned its place its hash is
  /// remembered, so that the key starts in main when it is fetched again.
  void remove(Entry& entry);
  /// Lets an entry go that is about to be replaced.
  Standing release(Entry& entry);
  /// Chooses an entry and lets it go; null when there is none.
  Entry* evict();

  uint64_t bytes() const { return small_bytes_ + main_bytes_; }
  uint64_t entries() const { return entries_; }

 private:
  void append(Entry& entry, Entry::Queue queue);
  void unlink(Entry& entry);
  void remember(const Entry& entry);

  IntrusiveList<Entry> small_;
  IntrusiveList<Entry> main_;
  uint64_t small_target_bytes_;
  uint64_t small_bytes_ = 0;
  uint64_t main_bytes_ = 0;
  uint64_t entries_ = 0;
  GhostTable ghost_;
};

}  // namespace roost::cache
