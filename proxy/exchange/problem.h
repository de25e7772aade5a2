#pragma once

#include <string_view>

#include "common/http/server.h"

namespace roost::proxy {

/// Answers a request with an error of the proxy's own: `application/problem+json` (RFC 9457) with `detail`.
/// `more_fields`: further ones, Date among them. Ends the request.
void respond_problem(http::Responder& responder, int status, std::string_view detail, http::FieldBlockView more_fields);

}  // namespace roost::proxy
