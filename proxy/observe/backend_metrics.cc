#include "proxy/observe/backend_metrics.h"

namespace roost::proxy {

namespace {

using observe::MetricInfo;
constexpr MetricInfo kAddresses{"roost_proxy_backend_addresses", "Addresses of a backend."};
constexpr MetricInfo kInUse{"roost_proxy_backend_in_use", "Addresses of a backend that get requests."};
constexpr MetricInfo kEjected{"roost_proxy_backend_ejected", "Addresses of a backend that are ejected."};
constexpr MetricInfo kActive{"roost_proxy_backend_active_requests", "Requests in flight to a backend."};
constexpr MetricInfo kRequests{"roost_proxy_backend_requests_total", "Attempts made at a backend."};
constexpr MetricInfo kFailures{"roost_proxy_backend_failures_total",
                               "Attempts at a backend that failed after connecting, or by their status."};
constexpr MetricInfo kConnectFailures{"roost_proxy_backend_connect_failures_total",
                                      "Connections to a backend that could not be made."};
constexpr MetricInfo kEjections{"roost_proxy_backend_ejections_total",
                                "How often addresses of a backend were ejected."};
constexpr MetricInfo kWaiting{"roost_proxy_pool_waiting_requests",
                              "Requests that wait for a backend of a pool with max_active_requests."};

struct Sums {
  int64_t addresses = 0;
  int64_t in_use = 0;
  int64_t ejected = 0;
  int64_t active = 0;
  uint64_t requests = 0;
  uint64_t failures = 0;
  uint64_t connect_failures = 0;
  uint64_t ejections = 0;

  void add(Backend& backend) {
    if (backend.resolved()) {
      ++addresses;
      in_use += backend.out_of_use() == 0 ? 1 : 0;
      ejected += backend.ejected() ? 1 : 0;
    }
    const Backend::Statistics& totals = backend.statistics();
    active += backend.active();
    requests += totals.requests.load(std::memory_order_relaxed);
    failures += totals.failures.load(std::memory_order_relaxed);
    connect_failures += totals.connect_failures.load(std::memory_order_relaxed);
    ejections += backend.passive().ejections();
  }
};

}  // namespace

void BackendMetrics::refresh(const std::vector<std::unique_ptr<Pool>>& pools) {
  for (const auto& pool : pools) {
    if (pool->queue_limits().max_active > 0) {
      scope_.gauge(kWaiting, {{"pool", pool->name()}}).set(static_cast<int64_t>(pool->queue().size()));
    }
    for (const PoolMember& member : pool->members()) {
      Sums sums;
      for (size_t i = 0; i < member.host->count(); ++i) sums.add(member.host->at(i));
      const observe::Labels labels = {{"backend", member.host->name()}, {"pool", pool->name()}};
      scope_.gauge(kAddresses, labels).set(sums.addresses);
      scope_.gauge(kInUse, labels).set(sums.in_use);
      scope_.gauge(kEjected, labels).set(sums.ejected);
      scope_.gauge(kActive, labels).set(sums.active);
      scope_.counter(kRequests, labels).set_total(sums.requests);
      scope_.counter(kFailures, labels).set_total(sums.failures);
      scope_.counter(kConnectFailures, labels).set_total(sums.connect_failures);
      scope_.counter(kEjections, labels).set_total(sums.ejections);
    }
  }
}

}  // namespace roost::proxy
