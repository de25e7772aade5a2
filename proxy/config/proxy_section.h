#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config/field_table.h"
#include "proxy/config/call_timeouts.h"

namespace roost::proxy {

/// `[proxy]`. Times in ms, sizes in bytes.
struct ProxySection {
  std::vector<std::string> listen = {"127.0.0.1:8080"};  ///< each short for a `[[listen]]` with only an address
  std::string admin = "127.0.0.1:8081";
  std::vector<std::string> upstream;
  int64_t threads = 0;
  std::string access_log = "off";
  struct Rotation {
    int64_t bytes = 0;  ///< 0: never
    int64_t keep = 4;
  };
  Rotation access_log_rotation;
  struct Rights {
    std::string user;  ///< empty: "roost", where there is one
    bool core_dumps = false;
  };
  Rights rights;
  std::string hosts_file;
  std::vector<std::string> trusted_proxies;
  bool trust_forwarded_host = false;
  int64_t resolve_period_ms = 10'000;
  CallTimeouts timeouts{2'000, 15'000, 30'000, 0, 2'000};
  int64_t backend_timeout_ms = 0;  ///< first byte and between bytes, where these are not given; 0: it is not either
  int64_t backend_idle_timeout_ms = 30'000;
  int64_t max_idle_connections = 64;
  int64_t client_idle_timeout_ms = 60'000;
  int64_t max_head_bytes = 16 << 10;
  int64_t max_body_bytes = 64 << 20;
  struct RequestBuffer {
    std::string directory = "/var/tmp";
    int64_t bytes = 1 << 30;
  };
  RequestBuffer request_buffer;
  int64_t drain_timeout_ms = 10'000;

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
