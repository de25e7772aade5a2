#include "common/cache/store.h"

#include <algorithm>
#include <bit>

#include "common/base/check.h"
#include "common/cache/shard.h"

namespace roost::cache {

StoreCore::StoreCore(const StoreOptions& options)
    : limit_bytes_(options.limit_bytes),
      max_entry_bytes_(options.max_entry_bytes != 0 ? options.max_entry_bytes : options.limit_bytes / 16) {
  max_entry_bytes_ = std::min(max_entry_bytes_, limit_bytes_);
  unsigned shards = std::bit_floor(std::clamp(options.shards, 1U, kMaxShards));
  while (shards > 1 && limit_bytes_ / shards / kMinEntriesPerShard < max_entry_bytes_) shards /= 2;
  shard_mask_ = shards - 1;
  for (unsigned i = 0; i < shards; ++i) shards_.push_back(std::make_unique<Shard>(limit_bytes_ / shards));
}

StoreCore::~StoreCore() = default;

bool StoreCore::erase(std::string_view key, uint64_t hash) {
  return shard_of(hash).erase(key, hash);
}

size_t StoreCore::drop_expired(int64_t now_ms, size_t max_entries) {
  size_t dropped = 0;
  for (const auto& shard : shards_) dropped += shard->drop_expired(now_ms, max_entries);
  return dropped;
}

void StoreCore::clear() {
  for (const auto& shard : shards_) shard->clear();
}

void StoreCore::set_aside(uint64_t bytes) {
  const uint64_t each = std::min(bytes, limit_bytes_) / shards_.size();
  for (const auto& shard : shards_) shard->set_aside(each);
}

StoreStats StoreCore::stats() const {
  StoreStats total;
  for (const auto& shard : shards_) shard->add_stats_to(total);
  return total;
}

Entry* StoreCore::find(std::string_view key, uint64_t hash, int64_t now_ms, bool counts) {
  return shard_of(hash).find(key, hash, now_ms, counts);
}

bool StoreCore::insert(Entry* entry, int64_t now_ms) {
  ROOST_CHECK(entry != nullptr);
  return shard_of(entry->hash()).insert(entry, max_entry_bytes_, now_ms);
}

bool StoreCore::erase_same(const Entry& entry) {
  return shard_of(entry.hash()).erase_same(entry);
}

bool StoreCore::sweep(SweepPosition& position, size_t max_entries, Predicate erase_it, void* context) {
  size_t left = std::max<size_t>(max_entries, 1);
  while (left != 0 && position.shard < shards_.size()) {
    position.hash_from = shards_[position.shard]->sweep(position.hash_from, left, erase_it, context);
    if (position.hash_from == 0) ++position.shard;
  }
  return position.shard < shards_.size();
}

Shard& StoreCore::shard_of(uint64_t hash) const {
  return *shards_[hash & shard_mask_];
}

}  // namespace roost::cache
