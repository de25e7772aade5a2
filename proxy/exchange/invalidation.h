#pragma once

#include "common/http/message.h"
#include "proxy/cache/cache_key.h"
#include "proxy/fetching/fetch_context.h"

namespace roost::proxy {

/// What the response to an unsafe request (POST and so on) invalidates: nothing when it is an error, else what is
/// stored of the request's URL (RFC 9111 §4.4) and, at its origin, of the groups in its Cache-Group-Invalidation
/// (RFC 9875 §3). Fetches under way are not stored.
void invalidate_after(const http::ResponseHead& head, const CacheKey& key, FetchContext& context);

}  // namespace roost::proxy
