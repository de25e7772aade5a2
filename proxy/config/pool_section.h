#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config/field_table.h"
#include "proxy/config/health_section.h"

namespace roost::proxy {

/// `[[pool]]`.
struct PoolSection {
  std::string name;
  std::string balance = "least_connections";
  std::vector<std::string> backends;
  HealthSection health;             ///< what is not set is that of [health]
  int64_t max_active_requests = 0;  ///< at each backend; 0: no bound
  int64_t queue_size = 1'000;       ///< requests that wait where there is a bound
  int64_t queue_timeout_ms = 5'000;

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
