#pragma once

#include <string>
#include <string_view>

#include "common/http/server.h"

namespace roost::http {

constexpr std::string_view kProblemJson = "application/problem+json";

/// The body of an error response (RFC 9457): an object with type, title, status and `detail`; `field`, when not empty,
/// names the part of the request that is wrong, and `request_id` the request in the logs. One line without a line end.
std::string problem_body(int status, std::string_view detail, std::string_view field = {},
                         std::string_view request_id = {});

/// 503 to a request for which there is no memory. Allocates nothing of its own.
void respond_out_of_memory(Responder& responder);

}  // namespace roost::http
