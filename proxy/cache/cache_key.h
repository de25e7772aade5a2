#pragma once

#include <string>
#include <string_view>

#include "common/http/fields.h"
#include "common/http/message.h"

namespace roost::proxy {

/// What a response is stored under (RFC 9111 §2): host in lower case without port 80, path and query as sent; behind
/// it, for a response that varies (§4.1), the request's values of the fields its Vary names, a line each:
///
///     example.org/tweets?limit=50            the URL's key
///     example.org/tweets?limit=50\n=br       the key of a variant; no target holds a line feed
///
/// The method is no part of it: only the answers to GET are stored, and they answer HEAD as well. Keys are built in a
/// string of the caller's that keeps its capacity, so one that is used again and again does not allocate.

/// The URL's key of a request. `key` is overwritten.
void build_cache_key(const http::RequestHead& head, std::string& key);
/// The same from an absolute URL, for purging; a fragment is left out. False when it is none, `key` being undefined.
bool build_cache_key(std::string_view url, std::string& key);

/// Appends a variant: for each name in the list `vary` a line feed and, when the request has the field, '=' and all its
/// values joined, white space normalised. So an absent field matches only an absent one.
void append_variant(std::string_view vary, const http::Fields& request_fields, std::string& key);

}  // namespace roost::proxy
