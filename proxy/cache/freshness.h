#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/fields.h"
#include "common/http/message.h"
#include "proxy/cache/cache_control.h"
#include "proxy/cache/stored_head.h"

namespace roost::proxy {

/// RFC 9111 as pure functions: no clock, no state; time is passed in. Section numbers without an RFC are its own.

/// What a request permits (§5.2.1, §5.4), by its method, body and Cache-Control.
struct RequestRules {
  bool may_use_stored = false;  ///< GET or HEAD without a body, and no no-cache or no-store
  bool may_store = false;       ///< GET without a body and without no-store: the response may be kept and shared
  bool must_not_fetch = false;  ///< only-if-cached: 504 when nothing stored will do
  int64_t max_age_ms = -1;      ///< the greatest age accepted; -1 for any
  int64_t min_fresh_ms = 0;     ///< the least remaining freshness accepted
};
/// With `ignore_client` Cache-Control and Pragma are ignored. max-stale is not supported.
RequestRules request_rules(const http::RequestHead& head, bool ignore_client);

/// True if a response to a request with Authorization may be stored and shared (§3.5).
bool may_share_authorized(const CacheControl& response);

/// When a response's head came.
struct Arrival {
  int64_t now_ms = 0;       ///< monotonic; what ages and lifetimes count from
  int64_t now_unix_ms = 0;  ///< wall clock; read only beside Date and Expires
  int64_t delay_ms = 0;     ///< since the request for it
};

/// The decision about storing a response.
struct Storing {
  bool store = false;
  const char* reason = "";  ///< why it is not stored: a word for Cache-Status and logs
  ResponseTimes times;      ///< the stale_… are 0 where serving it stale is forbidden
};

/// Whether this shared cache stores a response (§3), and how long it is fresh: s-maxage, then max-age, then Expires −
/// Date, then, for statuses cacheable by heuristic, `default_lifetime_ms` (§4.2.1). CDN-Cache-Control takes the place
/// of Cache-Control and Expires (RFC 9213).
///
///     reason          not stored because
///     method          it is not the response to a GET
///     status          the status cannot be stored (206, 304, 1xx), or only with an explicit lifetime, and it has none
///     no-store        Cache-Control: no-store
///     private         Cache-Control: private, qualified or not
///     set-cookie      it sets a cookie
///     authorization   the request had credentials, and the response does not permit sharing
///     vary            Vary: *, or by X-Forwarded-For or X-Request-Id, which the proxy sets
///     no-cache        it would have to be validated before each use
///     expired         it is stale on arrival
Storing judge_response(const http::RequestHead& request, const http::ResponseHead& response, const Arrival& arrival,
                       int64_t default_lifetime_ms);

/// True if a GET or HEAD is answered with 304 (§4.3.2): If-None-Match by weak comparison if there is one, else
/// If-Modified-Since. `etag` and `last_modified` are the stored 200's; empty for none.
bool is_not_modified(const http::Fields& request_fields, std::string_view etag, std::string_view last_modified);

}  // namespace roost::proxy
