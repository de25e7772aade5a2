#pragma once

#include <string_view>

#include "common/http/http1/framing.h"
#include "common/http/http1/refusal.h"
#include "common/http/message.h"

namespace roost::http {

/// The rules of docs/http.md about what a head says, on top of how it is written. All are pure; the fields' views must
/// point into the head they were read from.

/// One or more token characters (RFC 9110 §5.6.2).
bool is_token(std::string_view text);

std::string_view protocol_name(uint8_t version_minor);

/// Method::other for what is not registered.
Method method_of(std::string_view text);
/// Capitals, '-' and '_', at most 32: a method that differs from a registered one in more than letters is not passed
/// on, since "get" is GET to some.
bool is_known_shape(std::string_view method);

constexpr size_t kMaxSeenTargetBytes = 1024;

/// What the first line of a head that was refused says, for logs: method, and target up to kMaxSeenTargetBytes. Left as
/// they are when it does not begin with a method.
void see_request_line(std::string_view bytes, std::string_view& method, std::string_view& target);

/// Target, path, query and authority of `head`, whose method is set; an absolute form is reduced to origin form.
Refusal set_target(std::string_view target, RequestHead& head);
/// One Host, and a valid one; the authority where the target has none.
Refusal set_authority(RequestHead& head, uint8_t version_minor);
Refusal set_expectation(RequestHead& head, uint8_t version_minor);
/// RFC 9112 §6.1 and §6.3: one way to say where the body ends, said once. `facts.version_minor` is set.
Refusal set_framing(const Fields& fields, HeadFacts& facts);
bool wants_keep_alive(const Fields& fields, uint8_t version_minor);

}  // namespace roost::http
