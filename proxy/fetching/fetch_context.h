#pragma once

#include "proxy/cache/fetch_lock.h"
#include "proxy/cache/http_cache.h"
#include "proxy/cache/memory_budget.h"
#include "proxy/runtime/loop_context.h"

namespace roost::proxy {

/// What the fetches of one loop work with. Outlives them.
struct FetchContext {
  LoopContext& loop;
  HttpCache& cache;
  FetchLock& fetches;
  MemoryBudget& budget;

  /// Monotonic; the clock of everything in the cache.
  int64_t now_ms() const { return loop.loop.now_ms(); }
  /// Wall clock; for dates in messages alone, since it may be set back.
  int64_t now_unix_ms() const { return loop.loop.unix_ms(); }
};

}  // namespace roost::proxy
