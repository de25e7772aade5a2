#pragma once

#include "proxy/cache/fetch_lock.h"
#include "proxy/cache/http_cache.h"
#include "proxy/runtime/loop_context.h"

namespace roost::proxy {

/// What the fetches of one loop work with. Outlives them.
struct FetchContext {
  LoopContext& loop;
  HttpCache& cache;
  FetchLock& fetches;

  int64_t now_unix_ms() const { return loop.loop.unix_ms(); }
};

}  // namespace roost::proxy
