#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/net/event_loop.h"
#include "common/observe/metrics.h"
#include "common/service/query_string.h"
#include "common/service/router.h"
#include "proxy/cache/fetch_lock.h"
#include "proxy/cache/http_cache.h"
#include "proxy/upstream/pool.h"

namespace roost::proxy {

/// The routes of the admin listener:
///
///   GET   /status              backends, pools and cache as JSON
///   GET   /metrics             Prometheus text
///   GET   /healthz             200 as long as the process serves
///   POST  /purge?url=…         purges a URL ("http://host/path", percent-encoded), all variants
///         /purge?prefix=…      every URL that begins so
///         /purge?tag=…         every response with this tag in Cache-Groups; ?tags=a,b for several
///         /purge?tags=…&soft=1 keeps the responses, but revalidates them past all caches before their next use
///   PURGE /path                the same as ?url= for this Host and path
///
/// A purge answers how many entries it has dropped. Loop thread only.
class AdminRoutes {
 public:
  /// What the routes show and act on; all of it outlives them.
  struct Parts {
    HttpCache& cache;
    FetchLock& fetches;
    observe::MetricRegistry& metrics;
    std::function<std::vector<const Pool*>()> pools;  ///< of the Site in effect; valid for the loop's turn
    int64_t (*now_us)();                              ///< the clock of fetches and invalidations
  };
  AdminRoutes(net::EventLoop& loop, Parts parts);

  void add_to(service::Router& router);
  /// Answers for paths that no route has.
  static void answer_not_found(service::Request& request, service::Reply reply);

 private:
  void show_status(service::Reply reply);
  void purge(const service::Request& request, service::Reply reply);
  void purge_this(const service::Request& request, service::Reply reply);
  size_t purge_url(const CacheKey& key);
  service::Answer purge_tags(std::string_view tags, bool soft);

  net::EventLoop& loop_;
  const Parts parts_;
  const int64_t started_ms_;
};

}  // namespace roost::proxy
