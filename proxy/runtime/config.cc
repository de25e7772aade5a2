#include "proxy/runtime/config.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "common/net/network_set.h"
#include "proxy/upstream/balancer/balancer.h"
#include "proxy/upstream/pool.h"

namespace roost::proxy {

using config::Range;
using config::Section;

namespace {

constexpr Range kTimeout{1, 24 * 3'600'000};
constexpr int64_t kMaxThreads = 256;

std::string check_address(std::string_view text) {
  const auto address = net::Address::parse(text);
  return address ? "" : address.error().what;
}

std::string check_admin(std::string_view text) {
  return text == "off" ? "" : check_address(text);
}

std::string check_backend(std::string_view text) {
  const auto backend = BackendSpec::parse(text);
  return backend ? "" : backend.error().what;
}

std::string check_network(std::string_view text) {
  const auto added = net::NetworkSet().add(text);
  return added ? "" : added.error().what;
}

std::string check_path(std::string_view text) {
  return !text.empty() && text.front() == '/' ? "" : "a path begins with a slash";
}

void declare_pool(Section& section, PoolSection& pool) {
  section.text("name", &pool.name, "what routes call it")
      .text("balance", &pool.balance, "how requests are spread over its backends",
            config::one_of({"least_connections", "round_robin", "two_choices", "consistent_hash"}))
      .list("backends", &pool.backends, "HOST:PORT, or HOST:PORT weight=N", check_backend);
}

void declare_route(Section& section, RouteSection& route) {
  section.text("host", &route.host, "the host asked for, without port; empty for any")
      .text("path", &route.path, "what the path begins with; the longest wins", check_path)
      .text("pool", &route.pool, "where its requests go")
      .flag("cache", &route.cache, "whether answers may be kept and shared")
      .duration("default_ttl", &route.default_ttl_ms, {0, INT64_MAX}, "freshness where the origin says nothing")
      .flag("ignore_client_cache_control", &route.ignore_client_cache_control,
            "whether a client's Cache-Control may not force a fetch");
}

}  // namespace

Result<BackendSpec> BackendSpec::parse(std::string_view text) {
  const size_t blank = text.find(' ');
  BackendSpec spec;
  auto host = net::HostPort::parse(text.substr(0, blank));
  if (!host) return tl::unexpected(host.error());
  spec.host = std::move(*host);
  if (blank == std::string_view::npos) return spec;
  constexpr std::string_view kPrefix = " weight=";
  const std::string_view rest = text.substr(blank);
  const std::string_view digits = rest.substr(std::min(kPrefix.size(), rest.size()));
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), spec.weight);
  if (!rest.starts_with(kPrefix) || error != std::errc() || end != digits.data() + digits.size() || spec.weight < 1 ||
      spec.weight > kMaxWeight) {
    return fail(fmt::format("\"{}\": behind the port only weight=1 to weight={} may stand", text, kMaxWeight));
  }
  return spec;
}

ConfigLoader::ConfigLoader() {
  declare_proxy();
  declare_cache();
  table_.repeated<PoolSection>("pool", &config_.pools, declare_pool);
  table_.repeated<RouteSection>("route", &config_.routes, declare_route);
  for (const char* other : {"api", "database", "batcher", "db_cache", "logs"}) table_.ignore(other);
}

void ConfigLoader::declare_proxy() {
  ProxySection& proxy = config_.proxy;
  table_.section("proxy")
      .list("listen", &proxy.listen, "addresses clients connect to", check_address)
      .text("admin", &proxy.admin, "address of status, metrics and purge, or off", check_admin)
      .list("upstream", &proxy.upstream, "backends of a pool that takes everything, in place of [[pool]]",
            check_backend)
      .number("threads", &proxy.threads, {0, kMaxThreads}, "event loops; 0 for one per core")
      .text("access_log", &proxy.access_log, "a file, - for standard output, or off")
      .text("hosts_file", &proxy.hosts_file, "names asked here before the system's resolver; like /etc/hosts")
      .list("trusted_proxies", &proxy.trusted_proxies, "networks whose X-Forwarded-* are believed", check_network)
      .duration("resolve_period", &proxy.resolve_period_ms, {100, kTimeout.most}, "how often names are looked up again")
      .duration("connect_timeout", &proxy.connect_timeout_ms, kTimeout, "for a connection to a backend")
      .duration("backend_timeout", &proxy.backend_timeout_ms, kTimeout, "for a backend's head, and between body pieces")
      .duration("backend_idle_timeout", &proxy.backend_idle_timeout_ms, kTimeout,
                "how long a connection is kept for reuse")
      .number("max_idle_connections", &proxy.max_idle_connections, {0, 65'536},
              "kept for reuse, per backend and thread")
      .duration("client_idle_timeout", &proxy.client_idle_timeout_ms, kTimeout, "between two requests of a client")
      .bytes("max_head_size", &proxy.max_head_bytes, {1'024, 1 << 20}, "of a request; larger is answered 431")
      .bytes("max_body_size", &proxy.max_body_bytes, {0, INT64_MAX}, "of a request; larger is answered 413")
      .duration("drain_timeout", &proxy.drain_timeout_ms, {0, kTimeout.most}, "for requests under way at SIGTERM");
}

void ConfigLoader::declare_cache() {
  CacheSection& cache = config_.cache;
  table_.section("cache")
      .bytes("size", &cache.size_bytes, {1 << 20, int64_t{1} << 44}, "of all kept answers together")
      .duration("default_ttl", &cache.default_ttl_ms, {0, INT64_MAX}, "freshness where the origin says nothing")
      .bytes("max_object_size", &cache.max_object_bytes, {0, INT64_MAX},
             "largest answer kept; 0 for a sixteenth of size");
}

void ConfigLoader::load(const ConfigSources& sources) {
  if (!sources.file.empty()) table_.read_file(sources.file);
  if (sources.environment != nullptr) table_.read_environment(sources.environment);
  for (const auto& flag : sources.flags) table_.set_flag(flag.section, flag.field, flag.text, flag.written);
  complete();
}

void ConfigLoader::load_text(std::string_view toml) {
  table_.read_text(toml, "test.toml");
  complete();
}

void ConfigLoader::complete() {
  complete_pools();
  check_routes();
  for (RouteSection& route : config_.routes) {
    if (route.default_ttl_ms < 0) route.default_ttl_ms = config_.cache.default_ttl_ms;
  }
}

void ConfigLoader::complete_pools() {
  if (!config_.proxy.upstream.empty()) {
    if (!config_.pools.empty()) {
      table_.add_problem("upstream and [[pool]] do not go together: name the backends in one of them");
    }
    config_.pools.push_back({"default", "least_connections", config_.proxy.upstream});
    config_.proxy.upstream.clear();  // said by the pool from here on, so that what is printed can be read again
  }
  if (config_.pools.empty()) return table_.add_problem("no backend: give --upstream HOST:PORT, or a [[pool]]");
  if (config_.pools.size() == 1) {
    PoolSection& only = config_.pools.front();
    if (only.name.empty()) only.name = "default";
    if (config_.routes.empty()) config_.routes.push_back({});
    for (RouteSection& route : config_.routes) {
      if (route.pool.empty()) route.pool = only.name;
    }
  }
  std::set<std::string> names;
  for (const PoolSection& pool : config_.pools) {
    if (pool.name.empty()) table_.add_problem("a [[pool]] beside others needs a name");
    if (!names.insert(pool.name).second) table_.add_problem(fmt::format("two pools are named \"{}\"", pool.name));
    if (pool.backends.empty()) table_.add_problem(fmt::format("pool \"{}\" has no backends", pool.name));
    if (pool.backends.size() > Pool::kMaxBackends) {
      table_.add_problem(fmt::format("pool \"{}\" has more than {} backends", pool.name, Pool::kMaxBackends));
    }
  }
}

void ConfigLoader::check_routes() {
  if (config_.pools.empty()) return;
  std::vector<std::string> names;
  for (const PoolSection& pool : config_.pools) names.push_back(pool.name);
  if (config_.routes.empty()) table_.add_problem("several pools need [[route]]s that say which requests go where");
  std::set<std::pair<std::string, std::string>> seen;
  for (const RouteSection& route : config_.routes) {
    if (!seen.insert({route.host, route.path}).second) {
      table_.add_problem(fmt::format("two routes for \"{}{}\"", route.host, route.path));
    }
    if (std::find(names.begin(), names.end(), route.pool) != names.end()) continue;
    const std::string_view nearest = config::nearest_name(route.pool, names);
    table_.add_problem(fmt::format("route \"{}{}\": there is no pool \"{}\"{}", route.host, route.path, route.pool,
                                   nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
  }
}

}  // namespace roost::proxy
