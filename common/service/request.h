#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/query_string.h"
#include "common/base/clock.h"
#include "common/http/message.h"
#include "common/net/address.h"

namespace roost::api {

/// One request as a route sees it: what of the head matters, copied, and the whole body.
struct Request {
  http::Method method = http::Method::other;
  std::string method_text;
  std::string path;  ///< as sent
  std::string query_text;
  std::string request_id;
  std::string if_none_match;
  std::string authorization;
  std::string content_type;
  std::string origin;
  std::optional<std::string> idempotency_key;  ///< Idempotency-Key of a POST as sent; several lines as one
  std::string forwarded_for;                   ///< X-Forwarded-For, all of it
  std::string body;
  bool no_cache = false;      ///< Cache-Control: no-cache, or max-age=0
  bool is_preflight = false;  ///< OPTIONS with Access-Control-Request-Method (the Fetch standard, CORS)
  bool wants_html = false;    ///< Accept names text/html
  net::Address client;
  int64_t arrived_us = 0;             ///< Unix time
  std::vector<std::string> captures;  ///< what stands for the {…} of the route's pattern, decoded

  /// Copies what is needed; `body`, `captures` and `request_id`, when there is none, are left empty.
  static Request from(const http::RequestHead& head, const net::Address& client);
};

/// How old something loaded at `loaded_at_ms` (Clock::monotonic_ms) was when the request arrived: 0 when it was loaded
/// for it. What passes from then on, whoever asked measures for itself (RFC 9111 §4.2.3).
int64_t age_on_arrival_ms(const Request& request, int64_t loaded_at_ms, const Clock& clock);

/// A positive 64-bit id: digits only, 1 to 2^63-1.
std::optional<int64_t> parse_id(std::string_view text);

/// Whether it is fit to be a request id: 1 to 64 letters, digits, '-', '_', '.'.
bool is_request_id(std::string_view text);

}  // namespace roost::api
