#include "common/cache/shard.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/check.h"

namespace roost::cache {
namespace {

constexpr int64_t kNoTime = std::numeric_limits<int64_t>::min();  // nothing has expired yet

}  // namespace

Shard::Departed::~Departed() {
  while (first_ != nullptr) Ref<Entry>::adopt(std::exchange(first_, first_->next_in_bucket_));
}

void Shard::Departed::add(Entry& entry) {
  entry.next_in_bucket_ = std::exchange(first_, &entry);
}

Entry* Shard::find(std::string_view key, uint64_t hash, int64_t now_ms, bool counts) {
  Departed departed;
  const MutexLock lock(mutex_);
  Entry** link = link_of(key, hash);
  if (*link != nullptr && (*link)->expires_at_ms() <= now_ms) {
    remove(link, stats_.expirations, departed);
    link = nullptr;
  }
  Entry* entry = link != nullptr ? *link : nullptr;
  if (counts) ++(entry != nullptr ? stats_.hits : stats_.misses);
  if (entry == nullptr) return nullptr;
  if (counts) policy_.hit(*entry);
  return Ref<Entry>::share(entry).release();
}

bool Shard::insert(Entry* entry, uint64_t max_entry_bytes, int64_t now_ms) {
  ROOST_CHECK(entry != nullptr && entry->queue_ == Entry::Queue::none);
  Departed departed;
  const MutexLock lock(mutex_);
  Entry** old = link_of(entry->key(), entry->hash());
  if (*old != nullptr) ++stats_.replacements;
  if (entry->charge() > std::min(max_entry_bytes, room_bytes()) || entry->expires_at_ms() <= now_ms) {
    ++stats_.refusals;
    if (*old != nullptr) {
      policy_.remove(**old);
      detach(old, departed);
    }
    departed.add(*entry);
    return false;
  }
  ++stats_.insertions;
  if (*old != nullptr) {
    const S3Fifo::Standing standing = policy_.release(**old);
    detach(old, departed);
    make_room(entry->charge(), now_ms, departed);
    policy_.insert(*entry, standing);
  } else {
    make_room(entry->charge(), now_ms, departed);
    policy_.insert(*entry);
  }
  link_in(*entry);
  return true;
}

bool Shard::erase(std::string_view key, uint64_t hash) {
  Departed departed;
  const MutexLock lock(mutex_);
  Entry** link = link_of(key, hash);
  if (*link == nullptr) return false;
  remove(link, stats_.erasures, departed);
  return true;
}

bool Shard::erase_same(const Entry& entry) {
  Departed departed;
  const MutexLock lock(mutex_);
  Entry** link = link_of(entry.key(), entry.hash());
  if (*link != &entry) return false;
  remove(link, stats_.erasures, departed);
  return true;
}

size_t Shard::drop_expired(int64_t now_ms, size_t max_entries) {
  Departed departed;
  const MutexLock lock(mutex_);
  size_t dropped = 0;
  for (; dropped < max_entries && expiry_.expired(now_ms) != nullptr; ++dropped) drop_soonest(now_ms, departed);
  return dropped;
}

uint64_t Shard::sweep(uint64_t hash_from, size_t& max_entries, bool (*erase_it)(void*, Entry&), void* context) {
  Departed departed;
  const MutexLock lock(mutex_);
  size_t index = bucket_index(hash_from);
  for (; index < buckets_.size() && max_entries != 0; ++index) {
    for (Entry** link = &buckets_[index]; *link != nullptr;) {
      if (max_entries != 0) --max_entries;
      Entry& entry = **link;
      if (!erase_it(context, entry)) {
        link = &entry.next_in_bucket_;
        continue;
      }
      remove(link, stats_.erasures, departed);
    }
  }
  return index == buckets_.size() ? 0 : uint64_t{index} << (64 - bucket_bits_);
}

void Shard::clear() {
  Departed departed;
  const MutexLock lock(mutex_);
  for (Entry*& bucket : buckets_) {
    while (bucket != nullptr) remove(&bucket, stats_.erasures, departed);
  }
}

void Shard::set_aside(uint64_t bytes) {
  Departed departed;
  const MutexLock lock(mutex_);
  aside_bytes_ = std::min(bytes, limit_bytes_);
  make_room(0, kNoTime, departed);
}

void Shard::add_stats_to(StoreStats& total) const {
  const MutexLock lock(mutex_);
  total.hits += stats_.hits;
  total.misses += stats_.misses;
  total.insertions += stats_.insertions;
  total.replacements += stats_.replacements;
  total.refusals += stats_.refusals;
  total.evictions += stats_.evictions;
  total.expirations += stats_.expirations;
  total.erasures += stats_.erasures;
  total.bytes += policy_.bytes();
  total.entries += policy_.entries();
}

// The link that points to the entry of that key, or the null one at the end of its chain.
Entry** Shard::link_of(std::string_view key, uint64_t hash) {
  Entry** link = &buckets_[bucket_index(hash)];
  while (*link != nullptr && ((*link)->hash_ != hash || (*link)->key() != key)) link = &(*link)->next_in_bucket_;
  return link;
}

void Shard::link_in(Entry& entry) {
  if (policy_.entries() > buckets_.size()) grow_buckets();
  Entry*& bucket = buckets_[bucket_index(entry.hash())];
  entry.next_in_bucket_ = std::exchange(bucket, &entry);
  expiry_.insert(entry);
}

// For an entry that has left the policy: out of its bucket and the heap.
void Shard::detach(Entry** link, Departed& departed) {
  Entry& entry = **link;
  *link = entry.next_in_bucket_;
  expiry_.remove(entry);
  departed.add(entry);
}

// `reason` is the statistic that counts it.
void Shard::remove(Entry** link, uint64_t& reason, Departed& departed) {
  policy_.remove(**link);
  detach(link, departed);
  ++reason;
}

void Shard::drop_soonest(int64_t now_ms, Departed& departed) {
  const Entry& entry = *expiry_.expired(now_ms);
  remove(link_of(entry.key(), entry.hash()), stats_.expirations, departed);
}

void Shard::make_room(uint64_t charge, int64_t now_ms, Departed& departed) {
  while (policy_.bytes() + charge > room_bytes()) {
    if (expiry_.expired(now_ms) != nullptr) {
      drop_soonest(now_ms, departed);
      continue;
    }
    Entry* victim = policy_.evict();
    ROOST_CHECK(victim != nullptr);
    detach(link_of(victim->key(), victim->hash()), departed);
    ++stats_.evictions;
  }
}

void Shard::grow_buckets() {
  ++bucket_bits_;
  std::vector<Entry*> old(buckets_.size() * 2);
  old.swap(buckets_);
  for (Entry* entry : old) {
    while (entry != nullptr) {
      Entry* next = entry->next_in_bucket_;
      Entry*& bucket = buckets_[bucket_index(entry->hash())];
      entry->next_in_bucket_ = std::exchange(bucket, entry);
      entry = next;
    }
  }
}

}  // namespace roost::cache
