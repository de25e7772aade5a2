#include "proxy/cache/fetch_lock.h"

#include "common/cache/hash.h"

namespace roost::proxy {

size_t FetchLock::Hash::operator()(std::string_view key) const {
  return cache::hash_key(key);
}

FetchLock::Shard& FetchLock::shard_of(std::string_view key) {
  return shards_[cache::hash_key(key.substr(0, key.find('\n'))) >> 32 & (kShards - 1)];
}

FetchLock::Joined FetchLock::join(std::string_view key, int64_t now_us, int64_t not_before_us) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  auto found = shard.running.find(key);
  const bool listed = found != shard.running.end();
  if (listed && found->second->begun_us() >= not_before_us) return {found->second, false};
  FetchRef fetch = FetchRef::make(now_us);
  if (listed) {
    found->second->spoil();
    found->second = fetch;
  } else if (shard.running.size() < kMaxPerShard) {
    shard.running.emplace(std::string(key), fetch);
  } else {
    fetch->spoil();
  }
  return {std::move(fetch), true};
}

void FetchLock::close(std::string_view key, const Fetch& fetch) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  auto found = shard.running.find(key);
  if (found != shard.running.end() && found->second.get() == &fetch) shard.running.erase(found);
}

template <class Predicate>
void FetchLock::spoil_in(Shard& shard, Predicate matches) {
  const std::lock_guard lock(shard.mutex);
  std::erase_if(shard.running, [&](const auto& running) {
    const bool spoils = matches(std::string_view(running.first), *running.second);
    if (spoils) running.second->spoil();
    return spoils;
  });
}

void FetchLock::spoil(std::string_view url_key) {
  spoil_in(shard_of(url_key), [url_key](std::string_view key, const Fetch&) {
    return key.starts_with(url_key) && (key.size() == url_key.size() || key[url_key.size()] == '\n');
  });
}

void FetchLock::spoil_prefix(std::string_view key_prefix) {
  for (Shard& shard : shards_) {
    spoil_in(shard, [key_prefix](std::string_view key, const Fetch&) { return key.starts_with(key_prefix); });
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
    const std::lock_guard lock(shard.mutex);
    count += shard.running.size();
  }
  return count;
}

}  // namespace roost::proxy
