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

namespace roost::proxy {

/// `[proxy]`. Times in ms, sizes in bytes.
struct ProxySection {
  std::vector<std::string> listen = {"127.0.0.1:8080"};  ///< each short for a `[[listen]]` with only an address
  std::string admin = "127.0.0.1:8081";
  std::vector<std::string> upstream;
  int64_t threads = 0;
  std::string access_log = "off";
  std::string hosts_file;
  std::vector<std::string> trusted_proxies;
  int64_t resolve_period_ms = 10'000;
  int64_t connect_timeout_ms = 2'000;
  int64_t backend_timeout_ms = 60'000;
  int64_t backend_idle_timeout_ms = 30'000;
  int64_t max_idle_connections = 64;
  int64_t client_idle_timeout_ms = 60'000;
  int64_t max_head_bytes = 16 << 10;
  int64_t max_body_bytes = 64 << 20;
  int64_t drain_timeout_ms = 10'000;
};

/// `[[listen]]`: one address that clients connect to.
struct ListenSection {
  std::string address;
};

/// `[[pool]]`.
struct PoolSection {
  std::string name;
  std::string balance = "least_connections";
  std::vector<std::string> backends;
};

/// `[[route]]`: requests whose path begins with `path`, in whole segments, and whose host is `host`, if one is given.
/// The longest path wins; of two equal paths, the one with a host.
struct RouteSection {
  std::string host;
  std::string path = "/";
  std::string pool;
  bool cache = true;
  int64_t default_ttl_ms = -1;  ///< -1: that of [cache]
  bool ignore_client_cache_control = false;
};

/// `[cache]`.
struct CacheSection {
  int64_t size_bytes = 64 << 20;
  int64_t default_ttl_ms = 60'000;
  int64_t max_object_bytes = 0;  ///< 0: a sixteenth of the size
};

/// A backend as the configuration writes it: "HOST:PORT" or "HOST:PORT weight=N".
struct BackendSpec {
  net::HostPort host;
  uint32_t weight = 1;
  static constexpr uint32_t kMaxWeight = 1'000;
  static Result<BackendSpec> parse(std::string_view text);
};

/// The configuration of roost-proxy. Filled by ConfigLoader, read-only afterwards.
struct Config {
  ProxySection proxy;
  CacheSection cache;
  std::vector<ListenSection> listeners;
  std::vector<PoolSection> pools;
  std::vector<RouteSection> routes;

  /// All addresses to listen on: `[proxy] listen`, then `[[listen]]`. Valid when the configuration is.
  std::vector<net::Address> listen_addresses() const;
  /// The address of the admin listener; none when it is off. Valid when the configuration is.
  std::optional<net::Address> admin_address() const;
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
  void declare_proxy();
  void declare_cache();
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
