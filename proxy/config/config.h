#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/net/address.h"
#include "proxy/config/admin_section.h"
#include "proxy/config/cache_section.h"
#include "proxy/config/error_page_section.h"
#include "proxy/config/health_section.h"
#include "proxy/config/limits_section.h"
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
  LimitsSection limits;
  std::vector<ListenSection> listeners;
  std::vector<PoolSection> pools;
  std::vector<RouteSection> routes;
  std::vector<ErrorPageSection> error_pages;

  /// All addresses to listen on: `[proxy] listen`, then `[[listen]]`. Valid when the configuration is.
  std::vector<net::Address> listen_addresses() const;
  /// The address of the admin listener; none when it is off or a Unix socket. Valid when the configuration is.
  std::optional<net::Address> admin_address() const;
  /// The path of the admin listener's Unix socket; empty when it is none.
  std::string_view admin_socket() const { return admin_socket_path(proxy.admin); }
};

}  // namespace roost::proxy
