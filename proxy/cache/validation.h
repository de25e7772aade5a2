#pragma once

#include "common/http/fields.h"
#include "common/http/message.h"
#include "proxy/cache/stored_response.h"

namespace roost::proxy {

/// Asking a backend whether a stored response is still right, instead of fetching it anew (RFC 9111 §4.3). Pure.

/// Whether it can be asked about: it has an ETag or a Last-Modified, and is a 200.
bool can_validate(const StoredResponse& stored);

/// Adds If-None-Match and If-Modified-Since, as far as the stored response has what they need.
void add_conditions(const StoredResponse& stored, http::FieldLines& request_fields);

/// The head of the stored response as a 304 freshens it (§3.2, §4.3.4): the fields of the 304 in place of those of the
/// same name, but for those that describe the stored bytes. The ETag stays as well: some servers give a 304 that of an
/// encoding they did not send. Status and length are the stored response's. Views into both arguments.
http::ResponseHead validated_head(const StoredResponse& stored, const http::ResponseHead& not_modified);

}  // namespace roost::proxy
