#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/command_line.h"
#include "common/config/field_table.h"
#include "common/net/address.h"
#include "proxy/config/admin_section.h"
#include "proxy/config/cache_section.h"
#include "proxy/config/health_section.h"
#include "proxy/config/listen_address.h"
#include "proxy/config/listen_section.h"
#include "proxy/config/pool_section.h"
#include "proxy/config/proxy_section.h"
#include "proxy/config/route_section.h"

namespace roost::proxy {

/// The configuration of roost-proxy. Filled by ConfigLoader, read-only afterwards.
struct Config {
  ProxySection proxy;
  AdminSection admin;
  CacheSection cache;
  HealthSection health = HealthSection::standard();  ///< of pools that do not say otherwise
  std::vector<ListenSection> listeners;
  std::vector<PoolSection> pools;
  std::vector<RouteSection> routes;

  /// All addresses to listen on: `[proxy] listen`, then `[[listen]]`. Valid when the configuration is.
  std::vector<net::Address> listen_addresses() const;
  /// The address of the admin listener; none when it is off or a Unix socket. Valid when the configuration is.
  std::optional<net::Address> admin_address() const;
  /// The path of the admin listener's Unix socket; empty when it is none.
  std::string_view admin_socket() const { return admin_socket_path(proxy.admin); }
};

/// Reads the file, the environment and the flags, each overriding the ones before; then adds what `upstream` and a
/// single pool imply (a pool "default", a route "/") and checks that the values fit together. All mistakes are
/// collected in problems().
///
/// Listeners of `[proxy] listen` and of `[[listen]]` in the file add up. A --listen flag or ROOST_PROXY_LISTEN
/// overrides both.
class ConfigLoader {
 public:
  ConfigLoader();
  /// `environment`: NAME=value entries, ended by null.
  void load(const config::CommandLine& line, const char* const* environment);
  /// The same from text, for tests.
  void load_text(std::string_view toml);
  const Config& config() const { return config_; }
  const std::vector<config::Problem>& problems() const { return table_.problems(); }
  /// For --print-config: TOML, each value with its origin as a comment.
  std::string to_toml() const { return table_.to_toml(); }

 private:
  void complete();
  void complete_listeners();
  void check_listeners();
  void complete_pools();
  void check_routes();

  Config config_;
  config::FieldTable table_;
  config::Section* proxy_fields_ = nullptr;  // [proxy], owned by table_
};

}  // namespace roost::proxy
