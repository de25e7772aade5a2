#pragma once

#include <cstddef>
#include <string_view>

#include "common/http/http1/framing.h"
#include "common/http/http1/refusal.h"
#include "common/http/message.h"

namespace roost::http::one_pass {

/// The second opinion on heads: a parser that reads each in one pass, written by hand, as the product once used it.
///
/// Parses one whole head, as HeadScanner delimits it, in place: the result's views point into `bytes`. Strict where
/// leniency would let two readers see two messages (docs/http.md). 431 for more than `max_fields`, 501 for a method or
/// transfer coding that is not known here, 505 for another version, 417 for another expectation, else 400.
[[nodiscard]] Refusal parse_request_head(std::string_view bytes, size_t max_fields, RequestHead& head,
                                         HeadFacts& facts);

/// The same for a response. `to_head_request`: it answers HEAD, so it has no body whatever it says (RFC 9112 §6.3); a
/// length it names is kept in `head.body`. `facts.framing` is none where there is no body.
[[nodiscard]] Refusal parse_response_head(std::string_view bytes, size_t max_fields, bool to_head_request,
                                          ResponseHead& head, HeadFacts& facts);

}  // namespace roost::http::one_pass
