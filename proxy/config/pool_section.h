#pragma once

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
  HealthSection health;  ///< what is not set is that of [health]

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
