#pragma once

#include <string_view>

#include "common/http/message.h"

namespace roost::proxy {

/// What a trusted proxy says its client has asked it for. Both are part of the cache key and forwarded to the backend.
/// Of several values the last counts, which is the trusted proxy's own. Pure functions.

/// True if there is anything to believe.
inline bool says_origin(const http::Fields& fields) {
  return fields.has(http::FieldId::x_forwarded_proto) || fields.has(http::FieldId::x_forwarded_host);
}

/// X-Forwarded-Proto if it is http or https, as static text; else `own`.
std::string_view believed_scheme(const http::Fields& fields, std::string_view own);

/// X-Forwarded-Host if it is HOST or HOST:PORT; else empty. A view of the field.
std::string_view believed_host(const http::Fields& fields);

}  // namespace roost::proxy
