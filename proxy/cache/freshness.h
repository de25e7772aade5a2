#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/fields.h"
#include "common/http/message.h"
#include "proxy/cache/cache_control.h"

namespace roost::proxy {

/// What a request allows (RFC 9111 §5.2.1).
struct RequestRules {
  bool may_use_stored = false;
  bool may_store = false;
  bool must_not_fetch = false;  ///< only-if-cached
  int64_t max_age_ms = -1;      ///< -1 where nothing is said
  int64_t min_fresh_ms = 0;
};
RequestRules request_rules(const http::RequestHead& head, bool ignore_client);

/// Whether a response may be shared although its request had Authorization (§3.5).
bool may_share_authorized(const CacheControl& response);

/// What becomes of a response.
struct Storing {
  bool store = false;
  const char* reason = "";  ///< why not, when it is not stored
  int64_t lifetime_ms = 0;
  int64_t initial_age_ms = 0;  ///< §4.2.3
  int64_t stale_while_revalidate_ms = 0;
  int64_t stale_if_error_ms = 0;
};
Storing judge_response(const http::RequestHead& request, const http::ResponseHead& response, int64_t now_unix_ms,
                       int64_t response_delay_ms, int64_t default_lifetime_ms);

/// Whether the answer to a conditional request is 304 (§4.3.2).
bool is_not_modified(const http::Fields& request_fields, std::string_view etag, std::string_view last_modified);

}  // namespace roost::proxy
