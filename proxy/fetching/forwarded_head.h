#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/random.h"
#include "common/http/field_block.h"
#include "common/http/message.h"

namespace roost::proxy {

/// Heads are rebuilt from their parsed fields, never forwarded raw: hop-by-hop fields stay behind (RFC 9110 §7.6.1),
/// Via and the forwarding fields are set. All of this is pure.

/// What a forwarded request says of where it came from.
struct Origin {
  std::string_view client;  ///< the peer's address without port
  std::string_view scheme = "http";
  bool trusted = false;         ///< the peer is a listed proxy: what it says of its own client is kept
  std::string_view request_id;  ///< see request_id_of
};

enum class ForwardPurpose : uint8_t {
  pass,    ///< nothing is kept on this route: everything the client says goes along
  single,  ///< the answer is for this client alone, on a route with a cache: its conditions and ranges go along, its
           ///< Cache-Control does not, which towards a backend is the proxy's own signal
  shared,  ///< the answer is for the cache: the whole representation is asked for, unconditionally
};

/// The request's fields towards the backend, Host among them. `out` is cleared first.
void forward_request_fields(const http::RequestHead& head, const Origin& origin, ForwardPurpose purpose,
                            http::FieldBlock& out);

/// Whether the request's Connection takes fields along that would go on to a backend otherwise. The answer then is not
/// to the request that was sent, and of no use for others who send the same but for the Connection.
bool withholds_fields(const http::RequestHead& head);

/// The response's fields towards the client, without Content-Length, Age and X-Request-Id, and with a Date when it had
/// none./// `now_date` is the present as an HTTP date. `out` is cleared first.
void forward_response_fields(const http::ResponseHead& head, std::string_view now_date, http::FieldBlock& out);

constexpr size_t kRequestIdBytes = 32;
constexpr size_t kMaxRequestIdBytes = 128;  ///< a longer one from a trusted peer is replaced

/// The trusted peer's X-Request-Id when it is usable (1 to kMaxRequestIdBytes visible characters), else a new one of
/// 128 random bits in hexadecimal, written into `storage`.
std::string_view request_id_of(const http::RequestHead& head, bool trusted, Random& random, std::string& storage);

}  // namespace roost::proxy
