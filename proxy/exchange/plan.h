#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/cache/cache_key.h"
#include "proxy/exchange/cache_status.h"
#include "proxy/fetching/forwarded_head.h"
#include "proxy/routing/routes.h"

namespace roost::proxy {

/// What is to be done with a request that the cache could not answer at once.
struct Plan {
  const Route* route = nullptr;
  bool revalidate = false;  ///< what is stored is outdated: other caches are bypassed
  int64_t changed_us = 0;   ///< since when
  bool share = false;       ///< lead or join a fetch for the cache; false: pass, for this client alone
  bool alone = false;       ///< lead, but do not wait for another's fetch
  ForwardReason reason = ForwardReason::bypass;
  const CacheKey* key = nullptr;  ///< to fetch under; null on a route without a cache. Valid during the call
  std::string_view detail;        ///< a word for Cache-Status, or empty; static text
  Origin origin;                  ///< views valid during the call
  int64_t started_us = 0;         ///< 0 when the access log is off
};

}  // namespace roost::proxy
