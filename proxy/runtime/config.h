#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/field_table.h"
#include "common/net/address.h"

namespace roost::proxy {

/// `[proxy]`. Times in ms, sizes in bytes.
struct ProxySection {
  std::vector<std::string> listen = {"127.0.0.1:8080"};
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

/// `[[pool]]`.
struct PoolSection {
  std::string name;
  std::string balance = "least_connections";
  std::vector<std::string> backends;
};

/// `[[route]]`: requests whose path begins with `path` (at a segment's border) and whose host is `host`, where one is
/// given. The longest path wins, and of two the one with a host.
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

/// A backend as the configuration writes it: "HOST:PORT", or "HOST:PORT weight=N".
struct BackendSpec {
  net::HostPort host;
  uint32_t weight = 1;
  static constexpr uint32_t kMaxWeight = 1'000;
  static Result<BackendSpec> parse(std::string_view text);
};

/// Everything roost-proxy is told. Filled by load(), read-only afterwards.
struct Config {
  ProxySection proxy;
  CacheSection cache;
  std::vector<PoolSection> pools;
  std::vector<RouteSection> routes;
};

/// How the program was started, as far as configuration is concerned.
struct ConfigSources {
  std::string file;  ///< empty for none
  const char* const* environment = nullptr;
  struct Flag {
    std::string section, field, text, written;
  };
  std::vector<Flag> flags;
};

/// Reads file, environment and flags over the defaults, in this order; then what `--upstream` and a single pool imply
/// is spelled out (a pool "default", a route "/"), and what belongs together is checked. Every mistake is in
/// problems().
class ConfigLoader {
 public:
  ConfigLoader();
  void load(const ConfigSources& sources);
  /// The same from text, for tests.
  void load_text(std::string_view toml);
  const Config& config() const { return config_; }
  const std::vector<config::Problem>& problems() const { return table_.problems(); }
  /// For --print-config: TOML, each value with where it came from.
  std::string to_toml() const { return table_.to_toml(); }

 private:
  void declare_proxy();
  void declare_cache();
  void complete();
  void complete_pools();
  void check_routes();

  Config config_;
  config::FieldTable table_;
};

}  // namespace roost::proxy
