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

/// What in a request may have personalised its response.
struct Credentials {
  bool authorization = false;
  bool cookie = false;

  static Credentials of(const http::Fields& request_fields) {
    return {request_fields.has(http::FieldId::authorization), request_fields.has(http::FieldId::cookie)};
  }
  bool any() const { return authorization || cookie; }
};

/// The lifetime that is invented for a response whose origin gives none (§4.2.2).
struct DefaultLifetime {
  enum class Rule : uint8_t {
    none,       ///< such a response is not stored
    fixed,      ///< `fixed_ms`
    heuristic,  ///< a tenth of the time since its Last-Modified, at most kMaxHeuristicMs; none without one
  };
  static constexpr int64_t kMaxHeuristicMs = 24 * 3'600'000;
  static constexpr int64_t kMaxMissingMs = 5'000;  ///< for 404 and 410, whatever the rule gives

  Rule rule = Rule::fixed;
  int64_t fixed_ms = 60'000;
};

/// What a route says about storing.
struct StoringRules {
  DefaultLifetime default_lifetime;
  bool with_cookies = false;       ///< an invented lifetime is for requests with Cookie too
  bool with_authorization = true;  ///< requests with Authorization may be answered from the cache
};

/// True if a stored response must not answer a request with these fields: the request has Authorization and the route
/// does not allow that, or the response's lifetime is invented and the request's credentials may personalise it.
inline bool is_withheld(bool lifetime_invented, const http::Fields& request_fields, const StoringRules& rules) {
  const Credentials credentials = Credentials::of(request_fields);
  if (!credentials.any()) return false;
  if (credentials.authorization && (lifetime_invented || !rules.with_authorization)) return true;
  return lifetime_invented && !rules.with_cookies;
}

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
  bool invented = false;    ///< the lifetime is not the origin's
};

/// Whether this shared cache stores a response (§3), and how long it is fresh: s-maxage, then max-age, then Expires −
/// Date, then, for 200, 203, 301, 308, 404 and 410, the default (§4.2.1). CDN-Cache-Control takes the place
/// of Cache-Control and Expires (RFC 9213).
///
///     reason          not stored because
///     method          it is not the response to a GET
///     status          the status cannot be stored (206, 304, 1xx, and errors that are the request's own, such as 400,
///                     429 and 431), or only with an explicit lifetime, and it has none
///     no-store        Cache-Control: no-store
///     private         Cache-Control: private, qualified or not
///     set-cookie      it sets a cookie
///     authorization   the request had credentials, and the response does not permit sharing
///     vary            Vary: *, or by X-Forwarded-For or X-Request-Id, which the proxy sets
///     no-cache        it would have to be validated before each use
///     cookie          the request had a Cookie, and the lifetime would be invented
///     no-lifetime     the origin gives no lifetime, and none is invented
///     expired         it is stale on arrival
Storing judge_response(const http::RequestHead& request, const http::ResponseHead& response, const Arrival& arrival,
                       const StoringRules& rules);

/// What a refusal to store a response says something about.
enum class RefusalScope : uint8_t {
  resource,     ///< what others would be sent
  credentials,  ///< requests with such credentials
  request,      ///< this request alone: an error of its own making
};
/// `reason`: Storing::reason, or "too-large".
RefusalScope refusal_scope(int status, std::string_view reason);

/// True if a GET or HEAD is answered with 304 (§4.3.2): If-None-Match by weak comparison if there is one, else
/// If-Modified-Since. `etag` and `last_modified` are the stored 200's; empty for none.
bool is_not_modified(const http::Fields& request_fields, std::string_view etag, std::string_view last_modified);

}  // namespace roost::proxy
