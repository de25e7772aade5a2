#include "proxy/config/config_loader.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "proxy/config/config_checks.h"

namespace roost::proxy {

using config::Section;

namespace {

template <class T>
void declare(Section& section, T& item) {
  item.declare(section);
}

}  // namespace

ConfigLoader::ConfigLoader() {
  proxy_fields_ = &table_.section("proxy");
  config_.proxy.declare(*proxy_fields_);
  config_.admin.declare(table_.section("admin"));
  config_.cache.declare(table_.section("cache"));
  config_.health.declare(table_.section("health"));
  config_.limits.declare(table_.section("limits"));
  table_.repeated<ListenSection>("listen", &config_.listeners, declare<ListenSection>);
  table_.repeated<PoolSection>("pool", &config_.pools, declare<PoolSection>);
  table_.repeated<RouteSection>("route", &config_.routes, declare<RouteSection>);
  table_.repeated<ErrorPageSection>("error_page", &config_.error_pages, declare<ErrorPageSection>);
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
  complete_timeouts();
  complete_listeners();
  complete_pools();
  read_error_pages();
  ConfigChecks(table_, config_).run();
  if (table_.problems().empty()) check_passed_addresses();
  for (RouteSection& route : config_.routes) {
    if (route.default_ttl.empty()) route.default_ttl = config_.cache.default_ttl;
    inherit_timeouts(route.timeouts, config_.proxy.timeouts);
  }
}

void ConfigLoader::complete_timeouts() {
  const int64_t both_ms = config_.proxy.backend_timeout_ms;
  if (both_ms == 0) return;
  const auto given = [&](const char* name) { return proxy_fields_->find(name)->origin != config::Origin::standard; };
  if (!given("first_byte_timeout")) config_.proxy.timeouts.first_byte_ms = both_ms;
  if (!given("between_bytes_timeout")) config_.proxy.timeouts.between_bytes_ms = both_ms;
}

void ConfigLoader::complete_listeners() {
  switch (proxy_fields_->find("listen")->origin) {
    case config::Origin::environment:
    case config::Origin::flag:
      return config_.listeners.clear();
    case config::Origin::standard:
      if (!config_.listeners.empty() || !passed_.empty()) config_.proxy.listen.clear();
      if (!config_.listeners.empty()) return;
      for (const net::Address& address : passed_) config_.proxy.listen.push_back(address.to_string());
      return;
    case config::Origin::file:
      return;
  }
}

void ConfigLoader::check_passed_addresses() {
  const std::vector<net::Address> listened = config_.listen_addresses();
  for (const net::Address& address : passed_) {
    if (std::find(listened.begin(), listened.end(), address) != listened.end()) continue;
    std::vector<std::string> names;
    for (const net::Address& other : listened) names.push_back(other.to_string());
    table_.add_problem(fmt::format("systemd passes a socket of {}, which the proxy is not to listen on ({}): let "
                                   "ListenStream= of the socket unit and the listeners here agree, or name none here",
                                   address.to_string(), fmt::join(names, ", ")),
                       table_.place_of("proxy", "listen"));
  }
}

void ConfigLoader::complete_pools() {
  if (!config_.proxy.upstream.empty()) {
    if (!config_.pools.empty()) {
      table_.add_problem("upstream and [[pool]] do not go together: use one of them",
                         table_.place_of("proxy", "upstream"));
    }
    config_.pools.push_back({"default", "least_connections", config_.proxy.upstream, {}});
    config_.proxy.upstream.clear();
    table_.moved("proxy", "upstream", "pool", "backends");
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
  for (PoolSection& pool : config_.pools) pool.health.inherit(config_.health);
}

void ConfigLoader::read_error_pages() {
  std::set<int64_t> seen;
  for (size_t i = 0; i < config_.error_pages.size(); ++i) {
    ErrorPageSection& page = config_.error_pages[i];
    if (const std::string wrong = page.read(); !wrong.empty()) {
      table_.add_problem(wrong, table_.place_of("error_page", i, "file"));
    }
    if (!seen.insert(page.status).second) {
      table_.add_problem(fmt::format("two [[error_page]]s have the status {}", page.status),
                         table_.place_of("error_page", i, "status"));
    }
  }
}

}  // namespace roost::proxy
