#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/db/db_cache.h"
#include "api/db/tweet.h"
#include "api/http/input.h"

namespace roost::api {

/// The first capture as an id; else 422 naming "id".
Input<int64_t> read_id(const Request& request);

/// `limit` (1 to ListRange::kMaxLimit, default 50) and `before` (an id) of the query; else 422 naming the parameter.
Input<ListRange> read_range(const Request& request);

/// One required parameter of the query: UTF-8, not empty and at most `max_bytes`; else 422 naming it.
Input<std::string> read_parameter(const Request& request, std::string_view name, size_t max_bytes);

/// {"content": …} of the body: 1 to `max_characters` code points, not only white space, no control characters but line
/// ends and tabs; else 422 naming what is wrong, or 415.
Input<std::string> read_content(const Request& request, size_t max_characters);

/// Whether to bypass the DB cache: when the request says `Cache-Control: no-cache`.
DbCache::Use use_of(const Request& request);

/// `rel="next"` (RFC 8288): the same path and query, from `last_id` on.
std::string next_link(const Request& request, ListRange range, int64_t last_id);

}  // namespace roost::api
