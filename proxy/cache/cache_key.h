#pragma once

#include <string>
#include <string_view>

#include "common/http/fields.h"
#include "common/http/message.h"

namespace roost::proxy {

/// The primary key of a request (RFC 9111 §2): host in lower case without port 80, then path and query. Written into
/// `key`, whose capacity is kept, so that a buffer used again and again does not allocate.
void build_cache_key(const http::RequestHead& head, std::string& key);
/// The same from an absolute URL, for purging. False when it is none.
bool build_cache_key(std::string_view url, std::string& key);

/// Appends what tells the variants of a response apart (§4.1): for each name in `vary` a line feed and, when the
/// request has the field, '=' and its values joined, white space normalised.
void append_variant(std::string_view vary, const http::Fields& request_fields, std::string& key);

}  // namespace roost::proxy
