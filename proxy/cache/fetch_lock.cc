#include "proxy/cache/fetch_lock.h"

#include "common/cache/hash.h"

namespace roost::proxy {

size_t FetchLock::Hash::operator()(std::string_view key) const {
  return cache::hash_key(key);
}

FetchLock::Shard& FetchLock::shard_of(const CacheKey& key) {
  return shards_[cache::hash_key(key.url()) >> 32 & (kShards - 1)];
}

FetchLock::Joined FetchLock::join(const CacheKey& key, int64_t now_us, int64_t not_before_us) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  auto found = shard.running.find(key.text());
  const bool listed = found != shard.running.end();
  if (listed && found->second->begun_us() >= not_before_us) return {found->second, false};
  FetchRef fetch = FetchRef::make(now_us, account_);
  if (listed) {
    found->second->spoil();
    found->second = fetch;
  } else if (shard.running.size() < kMaxPerShard) {
    shard.running.emplace(std::string(key.text()), fetch);
  } else {
    fetch->spoil();
  }
  return {std::move(fetch), true};
}

void FetchLock::close(const CacheKey& key, const Fetch& fetch) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  auto found = shard.running.find(key.text());
  if (found != shard.running.end() && found->second.get() == &fetch) shard.running.erase(found);
}

template <class Predicate>
void FetchLock::spoil_in(Shard& shard, Predicate matches) {
  const MutexLock lock(shard.mutex);
  std::erase_if(shard.running, [&](const auto& running) {
    const bool spoils = matches(std::string_view(running.first), *running.second);
    if (spoils) running.second->spoil();
    return spoils;
  });
}

void FetchLock::spoil(const CacheKey& key) {
  spoil_in(shard_of(key), [url = key.url()](std::string_view text, const Fetch&) {
    return text.starts_with(url) && CacheKey::url_of(text).size() == url.size();
  });
}

void FetchLock::spoil_prefix(const CacheKey& prefix) {
  for (Shard& shard : shards_) {
    spoil_in(shard, [url = prefix.url()](std::string_view text, const Fetch&) { return text.starts_with(url); });
  }
}

void FetchLock::spoil_tag(std::string_view tag) {
  for (Shard& shard : shards_) {
    spoil_in(shard, [tag](std::string_view, const Fetch& fetch) { return fetch.may_have_tag(tag); });
  }
}

size_t FetchLock::size() const {
  size_t count = 0;
  for (const Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    count += shard.running.size();
  }
  return count;
}

}  // namespace roost::proxy
