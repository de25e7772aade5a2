#include "proxy/admin/status.h"

#include <nlohmann/json.hpp>

namespace roost::proxy {

using nlohmann::ordered_json;

namespace {

ordered_json backend_json(const PoolMember& member) {
  Backend& backend = *member.backend;
  ordered_json addresses = ordered_json::array();
  for (const net::Address& address : *backend.addresses()) addresses.push_back(address.to_string());
  const Backend::Statistics& totals = backend.statistics();
  return {{"name", backend.name()},
          {"state", backend_state_name(backend.state())},
          {"addresses", addresses},
          {"weight", member.weight},
          {"active", backend.active()},
          {"idle_connections", totals.idle_connections.load(std::memory_order_relaxed)},
          {"requests", totals.requests.load(std::memory_order_relaxed)},
          {"connections", totals.connections.load(std::memory_order_relaxed)},
          {"connect_failures", totals.connect_failures.load(std::memory_order_relaxed)},
          {"failures", totals.failures.load(std::memory_order_relaxed)},
          {"ejections", backend.passive().ejections()},
          {"last_ejection", backend.passive().ejection().reason},
          {"weight_percent", backend.passive().weight_percent()}};
}

ordered_json requests_json(const RequestTotals& requests) {
  return {{"all", requests.all()},
          {"hits", requests.hits},
          {"misses", requests.misses},
          {"passes", requests.passes},
          {"refused", requests.refused}};
}

ordered_json cache_json(const HttpCache& cache) {
  const cache::StoreStats stats = cache.stats();
  return {{"entries", stats.entries},       {"bytes", stats.bytes},         {"limit_bytes", cache.limit_bytes()},
          {"insertions", stats.insertions}, {"evictions", stats.evictions}, {"expirations", stats.expirations},
          {"erasures", stats.erasures},     {"refusals", stats.refusals}};
}

}  // namespace

std::string status_json(const std::vector<const Pool*>& pools, const HttpCache& cache, const FetchLock& fetches,
                        const RequestTotals& requests, int64_t uptime_ms) {
  ordered_json shown = ordered_json::array();
  for (const Pool* pool : pools) {
    ordered_json backends = ordered_json::array();
    for (const PoolMember& member : pool->members()) backends.push_back(backend_json(member));
    shown.push_back({{"name", pool->name()}, {"balance", pool->policy_name()}, {"backends", backends}});
  }
  const ordered_json document = {{"version", ROOST_VERSION},
                                 {"uptime_ms", uptime_ms},
                                 {"pools", shown},
                                 {"requests", requests_json(requests)},
                                 {"cache", cache_json(cache)},
                                 {"fetches_under_way", fetches.size()}};
  return document.dump(2) + "\n";
}

}  // namespace roost::proxy
