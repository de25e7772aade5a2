#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/cache/store.h"
#include "common/http/fields.h"
#include "proxy/cache/cache_key.h"
#include "proxy/cache/stored_response.h"
#include "proxy/cache/tag_clock.h"
#include "proxy/cache/uncacheable_marks.h"

namespace roost::proxy {

/// The cache of whole responses, one for all threads. Any thread. Times are monotonic milliseconds, passed in, except
/// where noted.
///
/// A URL whose responses vary has a marker under its own key; each variant is stored under the variant's key (RFC 9111
/// §4.1). A look-up is one probe for most URLs and two for these. Where responses of one URL have different Vary
/// fields, the marker lists up to kMaxVaries of them, and a look-up tries each: of several responses that fit, the
/// newest is used. Variants carry the generation of their marker, so removing the marker invalidates them all; their
/// memory is freed when they expire or are evicted.
///
/// A purge does not see fetches under way: FetchLock::spoil() is called before it, and a fetch that has stored its
/// response checks Fetch::spoiled() and purges it again. In this order no response survives a purge.
class HttpCache {
 public:
  struct Options {
    uint64_t limit_bytes = 64 << 20;
    uint64_t max_object_bytes = 0;  ///< head and body; 0: a sixteenth of the limit
    unsigned shards = 16;
  };
  explicit HttpCache(const Options& options);

  /// The response stored for the key's URL that fits this request's fields, whether fresh or not; empty when there is
  /// none. `key` names a URL; when that varies it becomes the variant's, which is then the one to fetch and to wait
  /// under. Allocates only when `key` has to grow, and holds no lock afterwards.
  cache::Ref<StoredResponse> find(CacheKey& key, const http::Fields& request_fields, int64_t now_ms);

  /// Stores a response under the key's URL, or under the variant for `request_fields` when head.vary is not empty.
  /// False when it is larger than max_object_bytes(), or exceeds kMaxKeyBytes, kMaxVaryNames or
  /// StoredResponse::kMaxTags.
  bool insert(const CacheKey& key, const http::Fields& request_fields, const StoredHead& head,
              std::span<const BlockRef> body_blocks);

  /// Removes what is stored under the key's URL, all variants included. False when there was nothing.
  bool purge(const CacheKey& key);
  /// Removes every URL that begins with this one. Returns the number of entries removed.
  size_t purge_prefix(const CacheKey& prefix);
  /// Removes every response with the tag in its Cache-Groups. Returns their number.
  size_t purge_tag(std::string_view tag);
  void clear() { store_.clear(); }

  /// Invalidates the tag: responses with it stay stored, but are revalidated before they are used again (is_outdated).
  /// `origin` (CacheKey::origin()): whose tag it is; empty for all. Takes constant time. Microseconds of now_us().
  void revalidate_tag(std::string_view origin, std::string_view tag, int64_t now_us) {
    tag_clock_.note(origin, tag, now_us);
    tags_changed_.fetch_add(1, std::memory_order_relaxed);
  }
  /// Number of calls of revalidate_tag().
  uint64_t tags_changed() const { return tags_changed_.load(std::memory_order_relaxed); }
  /// The resource at the key's URL has changed, and was purged. For kChangedLatelyUs fetches of it bypass other caches
  /// (changed_lately), which may not know yet.
  void note_change(const CacheKey& key, int64_t now_us) { url_clock_.note({}, key.url(), now_us); }
  bool changed_lately(const CacheKey& key, int64_t now_us) const {
    return changed_at_us(key) > now_us - kChangedLatelyUs;
  }
  int64_t changed_at_us(const CacheKey& key) const { return url_clock_.changed_at_us({}, key.url()); }
  static constexpr int64_t kChangedLatelyUs = 60'000'000;
  /// The last change of one of these tags (a Cache-Groups value) of the key's origin; 0 for never.
  int64_t tags_changed_at_us(const CacheKey& key, std::string_view tags) const {
    return tag_clock_.last_change_us(key.origin(), tags);
  }
  /// True if one of its tags was invalidated after it was fetched. One comparison unless any tag was.
  bool is_outdated(const StoredResponse& response) const {
    return !response.tags().empty() && response.right_at_us() < tag_clock_.latest_us() && check_tags(response);
  }

  /// Removes this very response; its URL's other variants stay. False if it has been replaced meanwhile.
  bool drop(const StoredResponse& response) { return store_.erase(response); }
  UncacheableMarks& marks() { return marks_; }

  cache::StoreStats stats() const { return store_.stats(); }
  uint64_t limit_bytes() const { return store_.limit_bytes(); }
  /// That much of the limit is used for something else from now on (MemoryBudget).
  void set_aside(uint64_t bytes) { store_.set_aside(bytes); }
  uint64_t max_object_bytes() const { return store_.max_entry_bytes(); }

  static constexpr size_t kMaxKeyBytes = 32 * 1024;  ///< variant included
  static constexpr size_t kMaxVaryNames = 16;
  static constexpr size_t kMaxVaries = 4;  ///< different Vary fields of one URL; one more replaces the oldest

 private:
  template <class Predicate>
  size_t sweep(Predicate matches);
  cache::Ref<StoredResponse> find_variant(CacheKey& key, const StoredResponse& marker,
                                          const http::Fields& request_fields, int64_t now_ms);
  uint32_t generation_of(std::string_view url, std::string_view vary, int64_t now_ms);

  bool check_tags(const StoredResponse& response) const;

  cache::Store<StoredResponse> store_;
  TagClock tag_clock_;
  TagClock url_clock_;  ///< apart: every like is a change of its URL, and would make lists look outdated
  std::atomic<uint64_t> tags_changed_{0};
  std::atomic<uint32_t> generations_{0};
  UncacheableMarks marks_;
};

}  // namespace roost::proxy
