#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config/field_table.h"
#include "proxy/upstream/health/health_options.h"

namespace roost::proxy {

/// How the health of backends is judged: `[health]` for all pools, and the same keys in a `[[pool]]` for that one.
/// Times in ms. -1 and empty: not set.
struct HealthSection {
  std::string check;                      ///< "off", "tcp", or a path
  std::vector<std::string> check_status;  ///< "200" or "200-399"
  std::string check_body;
  std::string check_host;
  int64_t check_interval_ms = -1;
  int64_t check_fast_interval_ms = -1;
  int64_t check_timeout_ms = -1;
  int64_t check_rise = -1;
  int64_t check_fall = -1;
  int64_t eject_failures = -1;
  int64_t eject_share = -1;
  int64_t eject_window_ms = -1;
  int64_t eject_time_ms = -1;
  int64_t max_eject_time_ms = -1;
  int64_t max_ejected = -1;
  std::vector<std::string> eject_status;  ///< "503", or "none"
  int64_t slow_start_ms = -1;

  /// The defaults, those of HealthOptions.
  static HealthSection standard();
  /// Takes from `other` what is not set here.
  void inherit(const HealthSection& other);
  /// Everything is set, and free of problems.
  HealthOptions options() const;

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
