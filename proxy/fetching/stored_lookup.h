#pragma once

#include "proxy/cache/freshness.h"
#include "proxy/cache/http_cache.h"

namespace roost::proxy {

/// The statuses that a stale response may be used in place of (RFC 5861 §4).
inline bool stale_may_replace(int status) {
  return status == 500 || (status >= 502 && status <= 504);
}

/// A look-up in the cache by a fetch, or by a client that waits for one. Keeps the response found until clear(), and
/// its buffers for the next look-up.
class StoredLookup {
 public:
  /// Looks for the key's URL, whatever variant the key names. What is withheld from the request counts as not stored.
  void look(HttpCache& cache, const CacheKey& key, const http::Fields& request_fields, const StoringRules& rules,
            int64_t now_ms) {
    key_ = key;
    key_.drop_variant();
    response_ = cache.find(key_, request_fields, now_ms);
    if (response_ && is_withheld(response_->invented(), request_fields, rules)) response_ = {};
    outdated_ = response_ && cache.is_outdated(*response_);
    changed_us_ = outdated_ ? cache.tags_changed_at_us(key, response_->tags()) : 0;
  }
  void clear() { response_ = {}; }

  /// Empty when there is none.
  const cache::Ref<StoredResponse>& response() const { return response_; }
  /// A tag of the response was invalidated after it was fetched, at changed_us() of TagClock's clock.
  bool outdated() const { return outdated_; }
  int64_t changed_us() const { return changed_us_; }
  bool is_fresh(int64_t now_ms) const { return response_ && !outdated_ && response_->times().fresh_for_ms(now_ms) > 0; }
  /// It may stand in for a failed backend (RFC 5861 §4).
  bool is_usable_on_error(int64_t now_ms) const {
    return response_ && !outdated_ && response_->times().usable_on_error(now_ms);
  }

 private:
  CacheKey key_;
  cache::Ref<StoredResponse> response_;
  bool outdated_ = false;
  int64_t changed_us_ = 0;
};

}  // namespace roost::proxy
