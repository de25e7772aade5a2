#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.h"
#include "common/net/address.h"

namespace roost::service {

/// What a browser says of the page that made it send a request (the Fetch Metadata specification, Sec-Fetch-Site).
enum class FetchSite : uint8_t {
  unsaid,       ///< not sent: no browser, or a page that was not fetched securely
  same_origin,  ///< a page of the origin that is asked
  none,         ///< the user: a bookmark, the address bar
  foreign,      ///< a page of another origin, of the same site or not
};

/// One request as an action sees it: the parts of the head that services use, copied, and the whole body.
struct Request {
  http::Method method = http::Method::other;
  std::string method_text;
  std::string authority;  ///< host and port as sent
  std::string path;       ///< as sent
  std::string query_text;
  bool has_query = false;  ///< whether there is a '?', be the query empty or not
  std::string request_id;
  std::string if_none_match;
  std::string authorization;
  std::string content_type;
  std::string origin;
  std::optional<std::string> idempotency_key;  ///< Idempotency-Key of a POST as sent; several lines as one
  std::string forwarded_for;                   ///< X-Forwarded-For, all lines joined
  std::string forwarded_host;                  ///< X-Forwarded-Host; the last of several
  std::string body;
  bool no_cache = false;       ///< Cache-Control: no-cache, or max-age=0
  bool is_preflight = false;   ///< OPTIONS with Access-Control-Request-Method (the Fetch standard, CORS)
  bool wants_html = false;     ///< Accept names text/html
  bool was_forwarded = false;  ///< it came through a proxy: Via, Forwarded or X-Forwarded-For says so
  bool is_for_another =
      false;                   ///< Forwarded (RFC 7239) or X-Real-IP: not the peer's own, whatever X-Forwarded-For says
  bool is_navigation = false;  ///< Sec-Fetch-Mode: a link was followed; no script reads the answer
  FetchSite fetch_site = FetchSite::unsaid;
  net::Address client;
  int64_t arrived_us = 0;             ///< monotonic
  std::vector<std::string> captures;  ///< values of the {…} in the route's pattern, decoded
  std::string_view endpoint;          ///< pattern of the route, valid as long as the router; empty when there is none

  /// Path and query, as sent.
  std::string target() const { return has_query ? path + '?' + query_text : path; }

  /// Copies from the head. Left empty: `body`, `captures`, and `request_id` unless the request carries a valid one.
  static Request from(const http::RequestHead& head, const net::Address& client);
};

/// Whether a text may serve as a request id in logs: 1 to 64 letters, digits, '-', '_', '.'.
bool is_request_id(std::string_view text);

}  // namespace roost::service
