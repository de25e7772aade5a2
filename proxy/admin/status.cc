#include "proxy/admin/status.h"

#include <nlohmann/json.hpp>

namespace roost::proxy {

using nlohmann::ordered_json;

namespace {

/// A host whose name has not been resolved yet.
ordered_json unresolved_json(const PoolMember& member) {
  return {{"name", member.host->name()},
          {"state", backend_state_name(BackendState::unresolved)},
          {"address", nullptr},
          {"weight", member.weight},
          {"active", 0}};
}

ordered_json backend_json(Backend& backend, uint32_t weight) {
  const Backend::Statistics& totals = backend.statistics();
  const PassiveHealth& passive = backend.passive();
  return {{"name", backend.name()},
          {"state", backend_state_name(backend.state())},
          {"address", backend.address().to_string()},
          {"weight", weight},
          {"weight_percent", passive.weight_percent()},
          {"active", backend.active()},
          {"idle_connections", totals.idle_connections.load(std::memory_order_relaxed)},
          {"requests", totals.requests.load(std::memory_order_relaxed)},
          {"connections", totals.connections.load(std::memory_order_relaxed)},
          {"connect_failures", totals.connect_failures.load(std::memory_order_relaxed)},
          {"failures", totals.failures.load(std::memory_order_relaxed)},
          {"ejections", passive.ejections()},
          {"last_ejection", passive.ejection().reason}};
}

ordered_json backends_json(const Pool& pool) {
  ordered_json backends = ordered_json::array();
  for (const PoolMember& member : pool.members()) {
    if (!member.host->resolved()) backends.push_back(unresolved_json(member));
    for (size_t i = 0; i < member.host->count(); ++i) {
      Backend& backend = member.host->at(i);
      if (backend.resolved()) backends.push_back(backend_json(backend, member.weight));
    }
  }
  return backends;
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
    shown.push_back({{"name", pool->name()}, {"balance", pool->policy_name()}, {"backends", backends_json(*pool)}});
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
