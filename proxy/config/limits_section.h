#pragma once

#include <cstdint>
#include <string>

#include "common/config/field_table.h"

namespace roost::proxy {

/// `[limits]`: what clients may take. Times in ms, sizes in bytes, 0 for no limit unless said otherwise.
struct LimitsSection {
  int64_t max_connections = 0;  ///< 0: as many as the descriptors allow, see ClientCap
  int64_t max_connections_per_address = 0;
  int64_t max_requests_per_connection = 0;
  int64_t max_active_requests = 0;
  std::string request_rate = "off";
  int64_t request_burst = 0;  ///< 0: as many as the rate's number
  int64_t first_request_timeout_ms = 10'000;
  int64_t request_head_timeout_ms = 10'000;
  int64_t request_body_timeout_ms = 30'000;
  int64_t min_body_rate_bytes = 1'024;  ///< per second
  int64_t min_body_rate_grace_ms = 10'000;
  int64_t min_send_rate_bytes = 256;  ///< per second
  int64_t min_send_rate_grace_ms = 30'000;
  int64_t max_loop_lag_ms = 100;

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
