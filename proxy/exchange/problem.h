#pragma once

#include <string_view>

#include "common/http/server.h"

namespace roost::proxy {

/// The whole answer where the proxy itself has to give one: `application/problem+json` (RFC 9457) with `detail`.
/// `more_fields`: field lines such as Cache-Status; Date among them. Ends the request.
void respond_problem(http::Responder& responder, int status, std::string_view detail, std::string_view more_fields);

}  // namespace roost::proxy
