#include "proxy/cache/fetch_lock.h"

#include <iterator>

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
  const auto found = shard.running.find(key.text());
  const bool listed = found != shard.running.end();
  if (listed && found->second.newest && found->second.newest->begun_us() >= not_before_us) {
    return {found->second.newest, false};
  }
  FetchRef fetch = FetchRef::make(now_us, account_);
  if (listed) {
    if (found->second.newest) found->second.newest->spoil();
    found->second.newest = fetch;
  } else if (shard.running.size() < kMaxPerShard) {
    shard.running.emplace(std::string(key.text()), Running{fetch, {}});
  } else {
    fetch->spoil();
  }
  return {std::move(fetch), true};
}

FetchLock::Joined FetchLock::overtake(const CacheKey& key, const Fetch& slow, int64_t now_us, int64_t not_before_us) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  const auto found = shard.running.find(key.text());
  FetchRef fetch = FetchRef::make(now_us, account_);
  if (found != shard.running.end()) {
    Running& running = found->second;
    const bool young = running.newest && running.newest.get() != &slow && running.newest->begun_us() >= not_before_us;
    if (young || running.overtaken.size() >= kMaxOvertaken) return {};
    if (running.newest) running.overtaken.push_back(std::move(running.newest));
    running.newest = fetch;
  } else if (shard.running.size() < kMaxPerShard) {
    shard.running.emplace(std::string(key.text()), Running{fetch, {}});
  } else {
    fetch->spoil();
  }
  return {std::move(fetch), true};
}

void FetchLock::close(const CacheKey& key, const Fetch& fetch) {
  Shard& shard = shard_of(key);
  const MutexLock lock(shard.mutex);
  const auto found = shard.running.find(key.text());
  if (found == shard.running.end()) return;
  Running& running = found->second;
  if (running.newest.get() == &fetch) running.newest = {};
  std::erase_if(running.overtaken, [&](const FetchRef& one) { return one.get() == &fetch; });
  if (running.empty()) shard.running.erase(found);
}

template <class Predicate>
void FetchLock::Running::spoil(Predicate matches) {
  const auto spoils = [&](const FetchRef& one) {
    if (!matches(*one)) return false;
    one->spoil();
    return true;
  };
  if (newest && spoils(newest)) newest = FetchRef();  // clang 14 does not destroy what {} replaces in a template
  std::erase_if(overtaken, spoils);
}

template <class Predicate>
void FetchLock::spoil_in(Shard& shard, Predicate matches) {
  const MutexLock lock(shard.mutex);
  for (auto entry = shard.running.begin(); entry != shard.running.end();) {
    const std::string_view text = entry->first;
    entry->second.spoil([&](const Fetch& fetch) { return matches(text, fetch); });
    entry = entry->second.empty() ? shard.running.erase(entry) : std::next(entry);
  }
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
