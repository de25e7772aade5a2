#include "proxy/config/config_checks.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "proxy/config/backend_spec.h"
#include "proxy/upstream/pool.h"

namespace roost::proxy {

namespace {

bool is_every_interface(const net::Address& address) {
  return address.host() == "0.0.0.0" || address.host() == "::";
}

/// Whether a socket on one of them takes the connections of the other, or keeps it from listening.
bool overlap(const net::Address& one, const net::Address& other) {
  if (one.port() == 0 || one.port() != other.port()) return false;
  const bool all = one.host() == "::" || other.host() == "::";  // takes IPv4 as well
  if (one.family() != other.family()) return all;
  return one == other || is_every_interface(one) || is_every_interface(other);
}

/// Whether a backend is one of these listeners; names other than localhost are not looked up.
bool is_at(const net::HostPort& backend, const net::Address& listener) {
  const auto address = net::Address::parse_or_localhost(backend.to_string());
  if (!address || address->port() != listener.port()) return false;
  if (is_every_interface(listener)) return address->is_loopback() || is_every_interface(*address);
  return address->host() == listener.host() || (is_every_interface(*address) && listener.is_loopback());
}

std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

}  // namespace

void ConfigChecks::run() {
  check_listeners();
  check_admin();
  check_pools();
  check_routes();
  check_cache();
  check_files();
}

void ConfigChecks::check_listeners() {
  for (size_t i = 0; i < config_.listeners.size(); ++i) {
    if (config_.listeners[i].address.empty())
      table_.add_problem("a [[listen]] needs an address", table_.place_of("listen", i, "address"));
  }
  const std::vector<net::Address> addresses = config_.listen_addresses();
  if (config_.proxy.listen.empty() && config_.listeners.empty()) {
    table_.add_problem("no address to listen on: give --listen ADDR, or a [[listen]]",
                       table_.place_of("proxy", "listen"));
  }
  for (size_t i = 0; i < addresses.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (!overlap(addresses[k], addresses[i])) continue;
      const std::string both = addresses[k] == addresses[i]
                                   ? fmt::format("{} is listened on twice", addresses[i].to_string())
                                   : fmt::format("{} and {} overlap: one of them is enough", addresses[k].to_string(),
                                                 addresses[i].to_string());
      const size_t of_list = config_.proxy.listen.size();
      table_.add_problem(
          both, i < of_list ? table_.place_of("proxy", "listen") : table_.place_of("listen", i - of_list, "address"));
      break;
    }
  }
}

void ConfigChecks::check_admin() {
  const auto admin = config_.admin_address();
  if (!admin) return;
  for (const net::Address& address : config_.listen_addresses()) {
    if (!overlap(*admin, address)) continue;
    table_.add_problem(*admin == address ? fmt::format("admin and listen have the same address, {}", admin->to_string())
                                         : fmt::format("admin, {}, is one of the addresses of {}", admin->to_string(),
                                                       address.to_string()),
                       table_.place_of("proxy", "admin"));
  }
}

void ConfigChecks::check_pools() {
  if (config_.pools.empty()) return;
  std::set<std::string> names;
  for (size_t i = 0; i < config_.pools.size(); ++i) {
    const PoolSection& pool = config_.pools[i];
    const config::Place of_name = table_.place_of("pool", i, "name");
    const config::Place of_backends = table_.place_of("pool", i, "backends");
    if (pool.name.empty()) table_.add_problem("with several pools, each [[pool]] needs a name", of_name);
    if (!names.insert(pool.name).second)
      table_.add_problem(fmt::format("two pools are named \"{}\"", pool.name), of_name);
    if (pool.backends.empty()) table_.add_problem(fmt::format("pool \"{}\" has no backends", pool.name), of_backends);
    if (pool.backends.size() > Pool::kMaxHosts) {
      table_.add_problem(fmt::format("pool \"{}\" has more than {} backends", pool.name, Pool::kMaxHosts), of_backends);
    }
    if (pool.health.max_eject_time_ms < pool.health.eject_time_ms) {
      table_.add_problem(fmt::format("pool \"{}\": max_eject_time is less than eject_time", pool.name),
                         table_.place_of("pool", i, "max_eject_time"));
    }
    check_backends(pool, of_backends);
  }
}

void ConfigChecks::check_backends(const PoolSection& pool, const config::Place& place) {
  std::set<std::string> seen;
  for (const std::string& text : pool.backends) {
    const auto backend = BackendSpec::parse(text);
    if (!backend) continue;  // reported when it was read
    const std::string host = backend->host.to_string();
    if (!seen.insert(lower_case(host)).second) {
      table_.add_problem(fmt::format("pool \"{}\" has the backend {} twice: give it a weight instead", pool.name, host),
                         place);
    }
    for (const net::Address& own : config_.listen_addresses()) {
      if (!is_at(backend->host, own)) continue;
      table_.add_problem(fmt::format("pool \"{}\": the backend {} is the proxy itself, which listens on {}", pool.name,
                                     host, own.to_string()),
                         place);
    }
    const auto admin = config_.admin_address();
    if (admin && is_at(backend->host, *admin))
      table_.add_problem(fmt::format("pool \"{}\": the backend {} is the admin listener", pool.name, host), place);
  }
}

void ConfigChecks::check_routes() {
  if (config_.pools.empty()) return;
  std::vector<std::string> names;
  for (const PoolSection& pool : config_.pools) names.push_back(pool.name);
  if (config_.routes.empty()) table_.add_problem("several pools need [[route]]s to choose between them");
  std::set<std::pair<std::string, std::string>> seen;
  for (size_t i = 0; i < config_.routes.size(); ++i) {
    const RouteSection& route = config_.routes[i];
    if (!seen.insert({lower_case(route.host), route.path}).second) {
      table_.add_problem(fmt::format("two routes for \"{}{}\"", route.host, route.path),
                         table_.place_of("route", i, "path"));
    }
    std::error_code unused;
    if (route.buffer_requests == "all" &&
        !std::filesystem::is_directory(config_.proxy.request_buffer.directory, unused)) {
      table_.add_problem(fmt::format("route \"{}{}\" buffers requests in a directory that is not there: {}", route.host,
                                     route.path, config_.proxy.request_buffer.directory),
                         table_.place_of("route", i, "buffer_requests"));
    }
    if (std::find(names.begin(), names.end(), route.pool) != names.end()) continue;
    const std::string_view nearest = config::nearest_name(route.pool, names);
    table_.add_problem(fmt::format("route \"{}{}\": there is no pool \"{}\"{}", route.host, route.path, route.pool,
                                   nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)),
                       table_.place_of("route", i, "pool"));
  }
}

void ConfigChecks::check_cache() {
  if (config_.cache.max_object_bytes <= config_.cache.size_bytes) return;
  table_.add_problem("max_object_size is larger than size: such a response would never fit in",
                     table_.place_of("cache", "max_object_size"));
}

void ConfigChecks::check_files() {
  const std::string& log = config_.proxy.access_log;
  if (log == "off" || log == "-") return;
  const std::filesystem::path path(log);
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code unused;
  if (log.empty()) {
    table_.add_problem("access_log is empty: expected a file, \"-\" or \"off\"",
                       table_.place_of("proxy", "access_log"));
  } else if (!std::filesystem::is_directory(folder, unused)) {
    table_.add_problem(fmt::format("access_log: there is no folder {} for {}", folder.string(), log),
                       table_.place_of("proxy", "access_log"));
  } else if (std::filesystem::is_directory(path, unused)) {
    table_.add_problem(fmt::format("access_log: {} is a folder, expected a file", log),
                       table_.place_of("proxy", "access_log"));
  }
}

}  // namespace roost::proxy
