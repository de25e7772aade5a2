#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proxy/cache/fetch_lock.h"
#include "proxy/cache/http_cache.h"
#include "proxy/observe/counters.h"
#include "proxy/upstream/pool.h"

namespace roost::proxy {

/// The document of /status: version, uptime, pools with their backends, cache and fetches, as indented JSON with a line
/// end.
std::string status_json(const std::vector<const Pool*>& pools, const HttpCache& cache, const FetchLock& fetches,
                        const RequestTotals& requests, int64_t uptime_ms);

}  // namespace roost::proxy
