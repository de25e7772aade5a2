#pragma once

#include "common/http/field_block.h"
#include "common/http/message.h"
#include "proxy/cache/stored_response.h"

namespace roost::proxy {

/// Asking a backend whether a stored response is still right, instead of fetching it anew (RFC 9111 §4.3). Pure.

/// Whether it can be asked about: it has an ETag or a Last-Modified, and is a 200.
bool can_validate(const StoredResponse& stored);

/// Adds If-None-Match and If-Modified-Since, as far as the stored response has what they need.
void add_conditions(const StoredResponse& stored, http::FieldBlock& request_fields);

/// Whether a 304 speaks of the stored response (§4.3.4): its ETag is the same, or, when it has none, its Last-Modified;
/// one that has neither can only mean what was asked about. ETags are compared as If-None-Match compares them, so that
/// W/"a" and "a" are the same: a server that compresses on the way out weakens the tag of a 200, and not of a 304.
bool confirms(const http::ResponseHead& not_modified, const StoredResponse& stored);

/// The head of the stored response as a 304 that confirms it freshens it (§3.2): the fields of the 304 in place of
/// those of the same name, but for those that describe the stored bytes, the ETag among them. Status and length are the
/// stored response's. Views into both arguments.
http::ResponseHead validated_head(const StoredResponse& stored, const http::ResponseHead& not_modified);

}  // namespace roost::proxy
