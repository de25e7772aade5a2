#include "proxy/cache/fetch_lock.h"

#include "common/cache/hash.h"

namespace roost::proxy {

size_t FetchLock::Hash::operator()(std::string_view key) const {
  return cache::hash_key(key);
}

FetchLock::Shard& FetchLock::shard_of(std::string_view key) {
  return shards_[cache::hash_key(key) >> 32 & (kShards - 1)];
}

FetchLock::Joined FetchLock::join(std::string_view key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  auto found = shard.running.find(key);
  if (found != shard.running.end()) return {found->second, false};
  FetchRef fetch = FetchRef::make();
  if (shard.running.size() < kMaxPerShard) shard.running.emplace(std::string(key), fetch);
  return {std::move(fetch), true};
}

void FetchLock::close(std::string_view key, const Fetch& fetch) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  auto found = shard.running.find(key);
  if (found != shard.running.end() && found->second.get() == &fetch) shard.running.erase(found);
}

size_t FetchLock::size() const {
  size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.running.size();
  }
  return count;
}

}  // namespace roost::proxy
