#pragma once

#include "common/http/field_block.h"
#include "common/http/message.h"
#include "proxy/cache/stored_response.h"

namespace roost::proxy {

/// Validation of stored responses with conditional requests (RFC 9111 §4.3). Pure functions.

/// True if the response can be validated: a 200 with an ETag or a Last-Modified.
bool can_validate(const StoredResponse& stored);

/// Adds If-None-Match and If-Modified-Since from the stored response's validators.
void add_conditions(const StoredResponse& stored, http::FieldBlock& request_fields);

/// True if a 304 selects the stored response (§4.3.4): it has the same ETag, or, without an ETag, the same
/// Last-Modified, or neither. ETags are compared weakly, since a server that compresses its output weakens the ETag of
/// a 200 and not that of a 304.
bool confirms(const http::ResponseHead& not_modified, const StoredResponse& stored);

/// The head of the stored response updated from a 304 that confirms it (§3.2): fields of the 304 replace those of the
/// same name, except for the ETag and other fields that describe the stored body. Status and length are the stored
/// response's. Views into both arguments.
http::ResponseHead validated_head(const StoredResponse& stored, const http::ResponseHead& not_modified);

}  // namespace roost::proxy
