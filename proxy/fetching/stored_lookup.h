#pragma once

#include "proxy/cache/http_cache.h"

namespace roost::proxy {

/// The last look into the cache on behalf of a fetch or of a client that waits for one. Keeps the response found, and
/// its buffer.
class StoredLookup {
 public:
  /// Looks for the key's URL, whatever variant the key names.
  void look(HttpCache& cache, const CacheKey& key, const http::Fields& request_fields, int64_t now_unix_ms) {
    key_ = key;
    key_.drop_variant();
    response_ = cache.find(key_, request_fields, now_unix_ms);
    changed_us_ = response_ && cache.is_outdated(*response_) ? cache.tags_changed_at_us(key, response_->tags()) : 0;
  }
  void clear() { response_ = {}; }

  /// Empty when there is none.
  const cache::Ref<StoredResponse>& response() const { return response_; }
  /// A tag of the response has changed since it was fetched, at changed_us() of TagClock's clock.
  bool outdated() const { return changed_us_ != 0; }
  int64_t changed_us() const { return changed_us_; }
  bool is_fresh(int64_t now_unix_ms) const {
    return response_ && !outdated() && response_->times().fresh_for_ms(now_unix_ms) > 0;
  }
  /// It may stand in for a failed backend (RFC 5861 §4).
  bool is_usable_on_error(int64_t now_unix_ms) const {
    return response_ && !outdated() && response_->times().usable_on_error(now_unix_ms);
  }

 private:
  CacheKey key_;
  cache::Ref<StoredResponse> response_;
  int64_t changed_us_ = 0;
};

}  // namespace roost::proxy
