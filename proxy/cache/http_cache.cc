#include "proxy/cache/http_cache.h"

#include "common/cache/hash.h"
#include "proxy/cache/cache_key.h"

namespace roost::proxy {
namespace {

constexpr size_t kSweepStep = 512;  // entries looked at under one hold of a shard's lock

bool has_tag(std::string_view tags, std::string_view wanted) {
  bool found = false;
  http::for_each_list_element(tags, [&](std::string_view tag) {
    // Cache-Groups is a list of strings (RFC 9875 §2); bare words are taken as well.
    if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') tag = tag.substr(1, tag.size() - 2);
    found |= tag == wanted;
  });
  return found;
}

}  // namespace

HttpCache::HttpCache(const Options& options)
    : store_(cache::StoreOptions{options.limit_bytes, options.max_object_bytes, options.shards}) {}

cache::Ref<StoredResponse> HttpCache::find(std::string& key, const http::Fields& request_fields, int64_t now_unix_ms) {
  auto entry = store_.find(key, cache::hash_key(key), now_unix_ms);
  if (!entry || !entry->is_marker()) return entry;
  append_variant(entry->vary(), request_fields, key);
  return store_.find(key, cache::hash_key(key), now_unix_ms);
}

bool HttpCache::insert(std::string_view url_key, const http::Fields& request_fields, const ResponseParts& parts,
                       const ResponseTimes& times) {
  if (parts.vary.empty()) return store_.insert(StoredResponse::make(url_key, parts, times), times.stored_unix_ms);
  std::string key(url_key);
  append_variant(parts.vary, request_fields, key);
  const int64_t expires_at_ms = times.stored_unix_ms + times.lifetime_ms - times.initial_age_ms;
  auto present = store_.peek(url_key, cache::hash_key(url_key), times.stored_unix_ms);
  const bool known =
      present && present->is_marker() && present->vary() == parts.vary && present->expires_at_ms() >= expires_at_ms;
  if (!known) store_.insert(StoredResponse::make_marker(url_key, parts.vary, expires_at_ms), times.stored_unix_ms);
  return store_.insert(StoredResponse::make(key, parts, times), times.stored_unix_ms);
}

template <class Predicate>
size_t HttpCache::sweep(Predicate matches) {
  size_t dropped = 0;
  cache::SweepPosition position;
  auto erase_it = [&](StoredResponse& entry) {
    const bool erase = matches(entry);
    dropped += erase;
    return erase;
  };
  while (store_.sweep(position, kSweepStep, erase_it)) {
  }
  return dropped;
}

// Variants live under longer keys of their own. Without their marker they cannot be found; a new marker could bring
// them back, so they are looked for and dropped too.
bool HttpCache::purge(std::string_view url_key) {
  const uint64_t hash = cache::hash_key(url_key);
  auto present = store_.peek(url_key, hash, 0);
  if (!present) return false;
  store_.erase(url_key, hash);
  if (present->is_marker()) {
    const std::string prefix = std::string(url_key) + '\n';
    sweep([&](const StoredResponse& entry) { return entry.key().starts_with(prefix); });
  }
  return true;
}

size_t HttpCache::purge_prefix(std::string_view key_prefix) {
  return sweep([&](const StoredResponse& entry) { return entry.key().starts_with(key_prefix); });
}

size_t HttpCache::purge_tag(std::string_view tag) {
  return sweep([&](const StoredResponse& entry) { return has_tag(entry.tags(), tag); });
}

void HttpCache::remember_uncacheable(std::string_view key, int64_t now_unix_ms) {
  const uint64_t hash = cache::hash_key(key);
  Remembered& place = uncacheable_[hash % kMaxUncacheable];
  // Two words, no lock: a torn pair makes a request queue, or not queue, once. Neither is wrong.
  place.until_ms.store(now_unix_ms + kUncacheableMs, std::memory_order_relaxed);
  place.hash.store(hash, std::memory_order_relaxed);
}

bool HttpCache::is_known_uncacheable(std::string_view key, int64_t now_unix_ms) const {
  const uint64_t hash = cache::hash_key(key);
  const Remembered& place = uncacheable_[hash % kMaxUncacheable];
  return place.hash.load(std::memory_order_relaxed) == hash &&
         place.until_ms.load(std::memory_order_relaxed) > now_unix_ms;
}

}  // namespace roost::proxy
