#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config/field_table.h"
#include "proxy/config/call_timeouts.h"

namespace roost::proxy {

/// `[[route]]`: requests whose path begins with `path`, in whole segments, and whose host is `host`, if one is given.
/// The longest path wins; of two equal paths, the one with a host.
struct RouteSection {
  std::string host;
  std::string path = "/";
  std::string pool;
  bool cache = true;
  std::string default_ttl;  ///< see parse_default_ttl(); empty: that of [cache]
  bool ignore_client_cache_control = false;
  bool cache_with_cookies = false;
  bool cache_with_authorization = true;
  std::string request_rate = "off";  ///< of one client address, on this route
  int64_t request_burst = 0;         ///< 0: as many as the rate's number
  CallTimeouts timeouts{};
  std::string buffer_requests = "small";
  std::vector<std::string> retry_on = {"connect", "reset", "timeout", "ejected"};

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
