#include "proxy/cache/http_cache.h"

#include "common/cache/hash.h"
#include "proxy/cache/cache_key.h"
#include "proxy/cache/tags.h"

namespace roost::proxy {
namespace {

// Calls use(line) for each.
template <class Use>
void for_each_line(std::string_view text, Use&& use) {
  for (;;) {
    const size_t end = text.find('\n');
    use(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

constexpr size_t kSweepStep = 512;  // entries looked at under one hold of a shard's lock

}  // namespace

HttpCache::HttpCache(const Options& options)
    : store_(cache::StoreOptions{options.limit_bytes, options.max_object_bytes, options.shards}) {}

cache::Ref<StoredResponse> HttpCache::find(CacheKey& key, const http::Fields& request_fields, int64_t now_ms) {
  auto entry = store_.find(key.text(), cache::hash_key(key.text()), now_ms);
  if (!entry || !entry->is_marker()) return entry;
  return find_variant(key, *entry, request_fields, now_ms);
}

cache::Ref<StoredResponse> HttpCache::find_variant(CacheKey& key, const StoredResponse& marker,
                                                   const http::Fields& request_fields, int64_t now_ms) {
  cache::Ref<StoredResponse> newest;
  std::string_view newest_vary;
  for_each_line(marker.vary(), [&](std::string_view vary) {
    key.select_variant(vary, request_fields);
    auto variant = store_.find(key.text(), cache::hash_key(key.text()), now_ms);
    if (!variant || variant->generation() != marker.generation()) return;
    if (newest && variant->times().stored_ms < newest->times().stored_ms) return;
    newest = std::move(variant);
    newest_vary = vary;
  });
  // Without one, the key is that of the Vary seen last.
  if (newest && newest->key() != key.text()) key.select_variant(newest_vary, request_fields);
  return newest;
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

// The generation of the present marker, to which `vary` is added if it is not listed, else that of a new one. Markers
// do not expire, and are not replaced by an equal one. A purge between the two steps is not undone: it has spoiled the
// fetch that stores here, which then purges again. Two threads may replace a marker one after the other; what only the
// first listed is lost then, which costs a fetch.
uint32_t HttpCache::generation_of(std::string_view url, std::string_view vary, int64_t now_ms) {
  auto present = store_.peek(url, cache::hash_key(url), now_ms);
  if (!present || !present->is_marker()) {
    const uint32_t generation = ++generations_;
    store_.insert(StoredResponse::make_marker(url, vary, generation), now_ms);
    return generation;
  }
  size_t count = 0;
  bool listed = false;
  for_each_line(present->vary(), [&](std::string_view line) {
    ++count;
    listed |= line == vary;
  });
  if (listed) return present->generation();
  std::string_view kept = present->vary();
  if (count >= kMaxVaries) kept.remove_prefix(kept.find('\n') + 1);
  const std::string varies = std::string(kept).append("\n").append(vary);
  store_.insert(StoredResponse::make_marker(url, varies, present->generation()), now_ms);
  return present->generation();
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

}  // namespace roost::proxy
