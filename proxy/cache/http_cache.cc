#include "proxy/cache/http_cache.h"

#include "common/cache/hash.h"
#include "proxy/cache/cache_key.h"
#include "proxy/cache/tags.h"

namespace roost::proxy {
namespace {

constexpr size_t kSweepStep = 512;  // entries looked at under one hold of a shard's lock

uint64_t mark_of(const CacheKey& key, bool authorized) {
  return cache::hash_key(key.text()) ^ (authorized ? 0x9e3779b97f4a7c15 : 0);
}

}  // namespace

HttpCache::HttpCache(const Options& options)
    : store_(cache::StoreOptions{options.limit_bytes, options.max_object_bytes, options.shards}) {}

cache::Ref<StoredResponse> HttpCache::find(CacheKey& key, const http::Fields& request_fields, int64_t now_ms) {
  auto entry = store_.find(key.text(), cache::hash_key(key.text()), now_ms);
  if (!entry || !entry->is_marker()) return entry;
  key.select_variant(entry->vary(), request_fields);
  auto variant = store_.find(key.text(), cache::hash_key(key.text()), now_ms);
  if (variant && variant->generation() != entry->generation()) return {};
  return variant;
}

bool HttpCache::insert(const CacheKey& key, const http::Fields& request_fields, const StoredHead& head,
                       std::span<const BlockRef> body_blocks) {
  const int64_t now_ms = head.times.stored_ms;
  const std::string_view url = key.url();
  if (url.size() > kMaxKeyBytes || head.tags.size() > StoredResponse::kMaxTags) return false;
  if (head.vary.empty()) return store_.insert(StoredResponse::make(url, head, body_blocks), now_ms);
  size_t names = 0;
  http::for_each_list_element(head.vary, [&names](std::string_view) { ++names; });
  std::string text(url);
  append_variant(head.vary, request_fields, text);
  if (names > kMaxVaryNames || text.size() > kMaxKeyBytes) return false;
  const uint32_t generation = generation_of(url, head.vary, now_ms);
  return store_.insert(StoredResponse::make(text, head, body_blocks, generation), now_ms);
}

// The generation of the present marker if it has the same Vary, else of a new one. Markers do not expire and are not
// replaced by an equal one, which could undo a purge in between. Two threads may insert two markers one after the
// other; the variant of the first is lost then, which costs a fetch.
uint32_t HttpCache::generation_of(std::string_view url, std::string_view vary, int64_t now_ms) {
  auto present = store_.peek(url, cache::hash_key(url), now_ms);
  if (present && present->is_marker() && present->vary() == vary) return present->generation();
  const uint32_t generation = ++generations_;
  store_.insert(StoredResponse::make_marker(url, vary, generation), now_ms);
  return generation;
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

bool HttpCache::purge(const CacheKey& key) {
  return store_.erase(key.url(), cache::hash_key(key.url()));
}

size_t HttpCache::purge_prefix(const CacheKey& prefix) {
  return sweep([url = prefix.url()](const StoredResponse& entry) { return entry.key().starts_with(url); });
}

size_t HttpCache::purge_tag(std::string_view tag) {
  return sweep([&](const StoredResponse& entry) { return has_tag(entry.tags(), tag); });
}

bool HttpCache::check_tags(const StoredResponse& response) const {
  const int64_t latest_us = tag_clock_.latest_us();  // before the check, so that no invalidation is missed
  const std::string_view origin = CacheKey::origin_of(response.key());
  if (tag_clock_.changed_since(origin, response.tags(), response.right_at_us())) return true;
  response.found_right_at(latest_us);
  return false;
}

void HttpCache::remember_uncacheable(const CacheKey& key, bool authorized, int64_t now_ms) {
  const uint64_t hash = mark_of(key, authorized);
  Remembered& place = uncacheable_[hash % kMaxUncacheable];
  // Two words without a lock: a torn pair makes one request wait for a fetch, or not. Neither is wrong.
  place.until_ms.store(now_ms + kUncacheableMs, std::memory_order_relaxed);
  place.hash.store(hash, std::memory_order_relaxed);
}

bool HttpCache::is_known_uncacheable(const CacheKey& key, bool authorized, int64_t now_ms) const {
  const uint64_t hash = mark_of(key, authorized);
  const Remembered& place = uncacheable_[hash % kMaxUncacheable];
  return place.hash.load(std::memory_order_relaxed) == hash && place.until_ms.load(std::memory_order_relaxed) > now_ms;
}

}  // namespace roost::proxy
