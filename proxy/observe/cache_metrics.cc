#include "proxy/observe/cache_metrics.h"

namespace roost::proxy {
namespace {

using observe::MetricInfo;
constexpr MetricInfo kBytes{"roost_proxy_cache_bytes", "Bytes in the cache, bookkeeping included."};
constexpr MetricInfo kInFlight{"roost_proxy_in_flight_bytes",
                               "Bytes of shared bodies being fetched, or sent although no longer stored."};
constexpr MetricInfo kEntries{"roost_proxy_cache_entries",
                              "Entries in the cache: responses, and markers of URLs with Vary."};
constexpr MetricInfo kInsertions{"roost_proxy_cache_insertions_total", "Responses stored."};
constexpr MetricInfo kEvictions{"roost_proxy_cache_evictions_total", "Entries evicted for room."};
constexpr MetricInfo kExpirations{"roost_proxy_cache_expirations_total", "Entries removed because they expired."};
constexpr MetricInfo kChangedTags{"roost_proxy_cache_changed_tags_total", "Cache tag invalidations received."};

}  // namespace

CacheMetrics::CacheMetrics(observe::MetricScope& scope, const HttpCache& cache, const MemoryBudget& budget)
    : cache_(cache),
      budget_(budget),
      bytes_(scope.gauge(kBytes)),
      in_flight_bytes_(scope.gauge(kInFlight)),
      entries_(scope.gauge(kEntries)),
      insertions_(scope.counter(kInsertions)),
      evictions_(scope.counter(kEvictions)),
      expirations_(scope.counter(kExpirations)),
      changed_tags_(scope.counter(kChangedTags)) {}

void CacheMetrics::refresh() {
  const cache::StoreStats stats = cache_.stats();
  bytes_.set(static_cast<int64_t>(stats.bytes));
  in_flight_bytes_.set(static_cast<int64_t>(budget_.in_flight_bytes()));
  entries_.set(static_cast<int64_t>(stats.entries));
  insertions_.set_total(stats.insertions);
  evictions_.set_total(stats.evictions);
  expirations_.set_total(stats.expirations);
  changed_tags_.set_total(cache_.tags_changed());
}

}  // namespace roost::proxy
