#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/field_block.h"
#include "common/http/message.h"

namespace roost::proxy {

/// Heads are rebuilt from their parsed fields, never forwarded raw: hop-by-hop fields are removed (RFC 9110 §7.6.1),
/// Via and the X-Forwarded-* fields are set. Pure functions.
///
/// Of the fields that override a request's method or path, those that proxies and their backends agree on
/// (X-Original-URL) belong to the forwarding fields; X-HTTP-Method-Override is the application's and is forwarded.

/// Where a request came from, for its X-Forwarded-* fields.
struct Origin {
  std::string_view client;           ///< the peer's address without port
  std::string_view scheme = "http";  ///< what a trusted peer said, see believed_scheme()
  bool trusted = false;              ///< the peer is a trusted proxy: its X-Forwarded-For is extended
  std::string_view request_id;       ///< given_request_id(), or a new one
  std::string_view via_mark = {};    ///< of this process: a comment for Via that comes_back() finds; may be empty
};

enum class ForwardPurpose : uint8_t {
  pass,    ///< a route without a cache, or an unsafe method: all end-to-end fields are forwarded
  single,  ///< for one client on a route with a cache: its conditions and ranges are forwarded, its Cache-Control is
           ///< not, since towards a backend that is the proxy's own signal
  shared,  ///< for the cache: the whole representation is requested, unconditionally
};

/// The request's fields for the backend, Host included, which is the host the cache key names: lower case, without the
/// scheme's default port. From a peer that is not trusted no field is forwarded that only a proxy may set, such as
/// X-Real-IP or X-Forwarded-Port, and none with '_' in its name, which many backends take for '-'. `out` is cleared
/// first.
void forward_request_fields(const http::RequestHead& head, const Origin& origin, ForwardPurpose purpose,
                            http::FieldBlock& out);

/// The largest number of proxies named "roost" that a request may have passed.
constexpr size_t kMaxHops = 8;

/// True if the request has passed this process before, whose mark is `via_mark`, or kMaxHops proxies of this kind: it
/// would never end (RFC 9110 §7.6.3).
bool comes_back(const http::RequestHead& head, std::string_view via_mark);

/// Max-Forwards is for these methods alone (RFC 9110 §7.6.2).
constexpr bool counts_hops(http::Method method) {
  return method == http::Method::options || method == http::Method::trace;
}

/// Max-Forwards of an OPTIONS or TRACE request (RFC 9110 §7.6.2).
struct MaxForwards {
  enum class Kind : uint8_t { none, malformed, number };
  Kind kind = Kind::none;  ///< none as well for other methods
  uint64_t number = 0;     ///< how many more proxies may forward it
};
MaxForwards max_forwards_of(const http::RequestHead& head);

/// True if the request has a range or a condition, which a fetch for the cache leaves out.
bool has_range_or_condition(const http::RequestHead& head);

/// True if `Connection` lists end-to-end fields; such a request must not share a fetch, since the backend does not see
/// those fields.
bool withholds_fields(const http::RequestHead& head);

/// The response's fields for the client, without Content-Length, Age and X-Request-Id, and with a Date if it had none.
/// `now_date`: the present as an HTTP date. `out` is cleared first.
void forward_response_fields(const http::ResponseHead& head, std::string_view now_date, http::FieldBlock& out);

/// The end-to-end fields of an informational response. `out` is cleared first.
void forward_informational_fields(const http::ResponseHead& head, http::FieldBlock& out);

constexpr size_t kMaxRequestIdBytes = 128;  ///< a longer one from a trusted peer is replaced

/// The trusted peer's X-Request-Id if it is usable: 1 to kMaxRequestIdBytes visible characters. Else empty.
std::string_view given_request_id(const http::RequestHead& head, bool trusted);

}  // namespace roost::proxy
