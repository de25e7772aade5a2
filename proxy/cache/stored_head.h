#pragma once

#include <cstdint>
#include <string>

#include "common/http/field_block.h"

namespace roost::proxy {

/// When a response was received and how long it may be used. Monotonic ms, and ms, so that
/// setting the clock changes neither age nor lifetime.
struct ResponseTimes {
  int64_t stored_ms = 0;
  int64_t initial_age_ms = 0;  ///< how old it was then (RFC 9111 §4.2.3)
  int64_t lifetime_ms = 0;
  int64_t stale_while_revalidate_ms = 0;  ///< behind the lifetime (RFC 5861 §3); whole seconds count
  int64_t stale_if_error_ms = 0;          ///< the same (RFC 5861 §4)

  int64_t age_ms(int64_t now_ms) const { return initial_age_ms + (now_ms > stored_ms ? now_ms - stored_ms : 0); }
  /// How much longer it is fresh; zero or less when it is stale.
  int64_t fresh_for_ms(int64_t now_ms) const { return lifetime_ms - age_ms(now_ms); }
  /// Whether it may be used although it is stale: while it is revalidated, or because the backends fail.
  bool usable_while_revalidating(int64_t now_ms) const { return fresh_for_ms(now_ms) + stale_while_revalidate_ms > 0; }
  bool usable_on_error(int64_t now_ms) const { return fresh_for_ms(now_ms) + stale_if_error_ms > 0; }
};

/// The head of a response that is fetched for the cache: as clients are sent it, and what the cache must know of it.
struct StoredHead {
  int status = 200;
  http::FieldBlock fields;  ///< no framing, no hop-by-hop fields, no Age
  std::string etag;         ///< as in the fields; empty when absent
  std::string last_modified;
  std::string vary;  ///< names of the request fields it depends on; empty when it depends on none
  std::string tags;  ///< its Cache-Groups (RFC 9875)
  /// Microseconds of TagClock's clock: no change of its tags up to then is missing in it.
  int64_t right_at_us = 0;
  ResponseTimes times;
  bool invented = false;  ///< the lifetime is not the origin's: see is_withheld()
};

}  // namespace roost::proxy
