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

/// An address to listen on. The one name that is accepted is localhost, which is loopback everywhere (RFC 6761 §6.3).
Result<net::Address> parse_listen_address(std::string_view text) {
  constexpr std::string_view kLocalhost = "localhost:";
  if (!text.starts_with(kLocalhost)) return net::Address::parse(text);
  return net::Address::parse(fmt::format("127.0.0.1:{}", text.substr(kLocalhost.size())));
}

std::string check_address(std::string_view text) {
  const auto address = parse_listen_address(text);
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

void declare_listen(Section& section, ListenSection& listen) {
  section.text("address", &listen.address, "IP:PORT; \"*:PORT\" is every IPv4 interface", check_address);
}

void declare_pool(Section& section, PoolSection& pool) {
  section.text("name", &pool.name, "the name routes refer to")
      .text("balance", &pool.balance, "load-balancing policy",
            config::one_of({"least_connections", "round_robin", "two_choices", "consistent_hash"}))
      .list("backends", &pool.backends, "HOST:PORT, or HOST:PORT weight=N", check_backend);
}

void declare_route(Section& section, RouteSection& route) {
  section.text("host", &route.host, "the requested host, without port; empty for any")
      .text("path", &route.path, "path prefix, in whole segments; the longest wins", check_path)
      .text("pool", &route.pool, "the pool that serves its requests")
      .flag("cache", &route.cache, "whether responses may be cached")
      .duration("default_ttl", &route.default_ttl_ms, {0, INT64_MAX}, "freshness when the backend gives none")
      .flag("ignore_client_cache_control", &route.ignore_client_cache_control,
            "whether to ignore Cache-Control of requests");
}

/// "HOST:PORT", or as a URL: "http://HOST[:PORT][/]".
Result<net::HostPort> parse_backend_host(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) return fail(fmt::format("\"{}\": backends are reached by http:// only", text));
  if (!text.starts_with(kScheme)) return net::HostPort::parse(text);
  std::string_view authority = text.substr(kScheme.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  if (authority.find_first_of("/?#@") != std::string_view::npos) {
    return fail(fmt::format("\"{}\": a backend is a host and a port, without a path", text));
  }
  const size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos;
  return net::HostPort::parse(has_port ? std::string(authority) : fmt::format("{}:80", authority));
}

}  // namespace

std::vector<net::Address> Config::listen_addresses() const {
  std::vector<net::Address> addresses;
  const auto add = [&](const std::string& text) {
    if (const auto address = parse_listen_address(text)) addresses.push_back(*address);
  };
  for (const std::string& address : proxy.listen) add(address);
  for (const ListenSection& listen : listeners) add(listen.address);
  return addresses;
}

std::optional<net::Address> Config::admin_address() const {
  const auto address = parse_listen_address(proxy.admin);
  return proxy.admin != "off" && address ? std::optional(*address) : std::nullopt;
}

Result<BackendSpec> BackendSpec::parse(std::string_view text) {
  const size_t blank = text.find(' ');
  BackendSpec spec;
  auto host = parse_backend_host(text.substr(0, blank));
  if (!host) return tl::unexpected(host.error());
  spec.host = std::move(*host);
  if (blank == std::string_view::npos) return spec;
  constexpr std::string_view kPrefix = " weight=";
  const std::string_view rest = text.substr(blank);
  const std::string_view digits = rest.substr(std::min(kPrefix.size(), rest.size()));
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), spec.weight);
  if (!rest.starts_with(kPrefix) || error != std::errc() || end != digits.data() + digits.size() || spec.weight < 1 ||
      spec.weight > kMaxWeight) {
    return fail(fmt::format("\"{}\": only weight=1 to weight={} may follow the port", text, kMaxWeight));
  }
  return spec;
}

ConfigLoader::ConfigLoader() {
  declare_proxy();
  declare_cache();
  table_.repeated<ListenSection>("listen", &config_.listeners, declare_listen);
  table_.repeated<PoolSection>("pool", &config_.pools, declare_pool);
  table_.repeated<RouteSection>("route", &config_.routes, declare_route);
  for (const char* other : {"api", "database", "batcher", "db_cache", "logs"}) table_.ignore(other);
}

void ConfigLoader::declare_proxy() {
  ProxySection& proxy = config_.proxy;
  proxy_fields_ = &table_.section("proxy");
  proxy_fields_->list("listen", &proxy.listen, "addresses that clients connect to; see [[listen]]", check_address)
      .text("admin", &proxy.admin, "address of the admin listener, or off", check_admin)
      .list("upstream", &proxy.upstream, "backends of the default pool, instead of [[pool]]", check_backend)
      .number("threads", &proxy.threads, {0, kMaxThreads}, "event loops; 0 for one per core")
      .text("access_log", &proxy.access_log, "a file, - for standard output, or off")
      .text("hosts_file", &proxy.hosts_file, "names looked up here before DNS; format of /etc/hosts")
      .list("trusted_proxies", &proxy.trusted_proxies, "networks whose X-Forwarded-* fields are trusted", check_network)
      .duration("resolve_period", &proxy.resolve_period_ms, {100, kTimeout.most}, "time between two lookups of a name")
      .duration("connect_timeout", &proxy.connect_timeout_ms, kTimeout, "limit for connecting to a backend")
      .duration("backend_timeout", &proxy.backend_timeout_ms, kTimeout,
                "limit for a backend's response head, and between two reads of its body")
      .duration("backend_idle_timeout", &proxy.backend_idle_timeout_ms, kTimeout,
                "how long an idle backend connection is kept")
      .number("max_idle_connections", &proxy.max_idle_connections, {0, 65'536},
              "idle backend connections kept, per backend and thread")
      .duration("client_idle_timeout", &proxy.client_idle_timeout_ms, kTimeout, "keep-alive limit between two requests")
      .bytes("max_head_size", &proxy.max_head_bytes, {1'024, 1 << 20}, "largest request head; 431 above")
      .bytes("max_body_size", &proxy.max_body_bytes, {0, INT64_MAX}, "largest request body; 413 above")
      .duration("drain_timeout", &proxy.drain_timeout_ms, {0, kTimeout.most}, "limit for a graceful shutdown");
}

void ConfigLoader::declare_cache() {
  CacheSection& cache = config_.cache;
  table_.section("cache")
      .bytes("size", &cache.size_bytes, {1 << 20, int64_t{1} << 44}, "limit of the whole cache")
      .duration("default_ttl", &cache.default_ttl_ms, {0, INT64_MAX}, "freshness when the backend gives none")
      .bytes("max_object_size", &cache.max_object_bytes, {0, INT64_MAX},
             "largest response cached; 0 for a sixteenth of size");
}

void ConfigLoader::load(const config::CommandLine& line, const char* const* environment) {
  if (!line.file.empty()) table_.read_file(line.file);
  table_.read_environment(environment);
  line.set_fields(table_);
  complete();
}

void ConfigLoader::load_text(std::string_view toml) {
  table_.read_text(toml, "test.toml");
  complete();
}

void ConfigLoader::complete() {
  complete_listeners();
  check_listeners();
  complete_pools();
  check_routes();
  for (RouteSection& route : config_.routes) {
    if (route.default_ttl_ms < 0) route.default_ttl_ms = config_.cache.default_ttl_ms;
  }
}

void ConfigLoader::complete_listeners() {
  switch (proxy_fields_->find("listen")->origin) {
    case config::Origin::environment:
    case config::Origin::flag:
      return config_.listeners.clear();
    case config::Origin::standard:
      if (!config_.listeners.empty()) config_.proxy.listen.clear();
      return;
    case config::Origin::file:
      return;
  }
}

void ConfigLoader::check_listeners() {
  for (const ListenSection& listen : config_.listeners) {
    if (listen.address.empty()) table_.add_problem("a [[listen]] needs an address");
  }
  if (config_.proxy.listen.empty() && config_.listeners.empty()) {
    table_.add_problem("no address to listen on: give --listen ADDR, or a [[listen]]");
  }
  std::set<std::string> seen;
  for (const net::Address& address : config_.listen_addresses()) {
    if (address.port() == 0 || seen.insert(address.to_string()).second) continue;
    table_.add_problem(fmt::format("{} is listened on twice", address.to_string()));
  }
  const auto admin = config_.admin_address();
  if (admin && seen.count(admin->to_string()) != 0) {
    table_.add_problem(fmt::format("admin and listen have the same address, {}", admin->to_string()));
  }
}

void ConfigLoader::complete_pools() {
  if (!config_.proxy.upstream.empty()) {
    if (!config_.pools.empty()) {
      table_.add_problem("upstream and [[pool]] do not go together: use one of them");
    }
    config_.pools.push_back({"default", "least_connections", config_.proxy.upstream});
    config_.proxy.upstream.clear();  // now in the pool; the printed configuration can be read back
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
    if (pool.name.empty()) table_.add_problem("with several pools, each [[pool]] needs a name");
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
  if (config_.routes.empty()) table_.add_problem("several pools need [[route]]s to choose between them");
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
