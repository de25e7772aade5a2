#pragma once

#include <cstddef>
#include <string_view>

#include "common/http/http1/framing.h"
#include "common/http/message.h"

namespace roost::http {

/// Why a head is no message; false when it is one.
struct Refusal {
  int status = 0;             ///< what to answer a client with: 400, 417, 431, 501, 505
  const char* why = nullptr;  ///< a literal, for a person
  explicit operator bool() const { return why != nullptr; }
};

/// One or more token characters (RFC 9110 §5.6.2).
bool is_token(std::string_view text);

/// Parses one whole head, as HeadScanner delimits it, in place: the result's views point into `bytes`. Strict where
/// leniency would let two readers see two messages (docs/http.md). 431 for more than `max_fields`, 501 for a method or
/// transfer coding that is not known here, 505 for another version, 417 for another expectation, else 400.
[[nodiscard]] Refusal parse_request_head(std::string_view bytes, size_t max_fields, RequestHead& head,
                                         HeadFacts& facts);

/// The same for a response. `to_head_request`: it answers HEAD, so it has no body whatever it says (RFC 9112 §6.3); a
/// length it names is kept in `head.body`. `facts.framing` is none where there is no body.
[[nodiscard]] Refusal parse_response_head(std::string_view bytes, size_t max_fields, bool to_head_request,
                                          ResponseHead& head, HeadFacts& facts);

}  // namespace roost::http
