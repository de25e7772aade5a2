#include "proxy/observe/cache_metrics.h"

namespace roost::proxy {
namespace {

using observe::MetricInfo;
constexpr MetricInfo kBytes{"roost_proxy_cache_bytes", "Bytes in the cache, as charged."};
constexpr MetricInfo kEntries{"roost_proxy_cache_entries", "Responses in the cache, and markers of URLs that vary."};
constexpr MetricInfo kInsertions{"roost_proxy_cache_insertions_total", "Responses stored."};
constexpr MetricInfo kEvictions{"roost_proxy_cache_evictions_total", "Entries that left before their time, for room."};
constexpr MetricInfo kExpirations{"roost_proxy_cache_expirations_total", "Entries that left because of their time."};
constexpr MetricInfo kChangedTags{"roost_proxy_cache_changed_tags_total",
                                  "Words that what bears a tag has changed, of flushes and of unsafe requests."};

}  // namespace

CacheMetrics::CacheMetrics(observe::MetricScope& scope, const HttpCache& cache)
    : cache_(cache),
      bytes_(scope.gauge(kBytes)),
      entries_(scope.gauge(kEntries)),
      insertions_(scope.counter(kInsertions)),
      evictions_(scope.counter(kEvictions)),
      expirations_(scope.counter(kExpirations)),
      changed_tags_(scope.counter(kChangedTags)) {}

void CacheMetrics::refresh() {
  const cache::StoreStats stats = cache_.stats();
  bytes_.set(static_cast<int64_t>(stats.bytes));
  entries_.set(static_cast<int64_t>(stats.entries));
  insertions_.set_total(stats.insertions);
  evictions_.set_total(stats.evictions);
  expirations_.set_total(stats.expirations);
  changed_tags_.set_total(cache_.tags_changed());
}

}  // namespace roost::proxy
