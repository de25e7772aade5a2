#include "proxy/config/config.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "proxy/upstream/pool.h"

namespace roost::proxy {

using config::Section;

namespace {

template <class T>
void declare(Section& section, T& item) {
  item.declare(section);
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
  if (proxy.admin == "off" || !admin_socket().empty()) return std::nullopt;
  const auto address = parse_listen_address(proxy.admin);
  return address ? std::optional(*address) : std::nullopt;
}

ConfigLoader::ConfigLoader() {
  proxy_fields_ = &table_.section("proxy");
  config_.proxy.declare(*proxy_fields_);
  config_.admin.declare(table_.section("admin"));
  config_.cache.declare(table_.section("cache"));
  config_.health.declare(table_.section("health"));
  table_.repeated<ListenSection>("listen", &config_.listeners, declare<ListenSection>);
  table_.repeated<PoolSection>("pool", &config_.pools, declare<PoolSection>);
  table_.repeated<RouteSection>("route", &config_.routes, declare<RouteSection>);
  for (const char* other : {"api", "database", "batcher", "db_cache", "logs"}) table_.ignore(other);
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
    if (route.default_ttl.empty()) route.default_ttl = config_.cache.default_ttl;
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
    config_.pools.push_back({"default", "least_connections", config_.proxy.upstream, {}});
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
  for (PoolSection& pool : config_.pools) {
    pool.health.inherit(config_.health);
    if (pool.health.max_eject_time_ms < pool.health.eject_time_ms) {
      table_.add_problem(fmt::format("pool \"{}\": max_eject_time is less than eject_time", pool.name));
    }
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
