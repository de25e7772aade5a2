#pragma once

#include <string_view>

#include "common/base/result.h"
#include "common/http/message.h"

namespace roost::http {

/// Parses one whole head, as HeadScanner delimits it: llhttp reads the lines, and what it is lenient about is refused
/// here (see docs/http.md). The result's views point into `bytes`. An Error's code is the status to answer with: 400,
/// 431 (more than `max_fields`), 501 (a transfer coding or method we do not know), 505.
Result<void> parse_request_head(std::string_view bytes, size_t max_fields, RequestHead& head);

/// The same for a response. `to_head_request`: it answers HEAD, so it has no body whatever it says (RFC 9112 §6.3).
Result<void> parse_response_head(std::string_view bytes, size_t max_fields, bool to_head_request, ResponseHead& head);

}  // namespace roost::http
