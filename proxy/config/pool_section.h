#pragma once

#include <string>
#include <vector>

#include "common/config/field_table.h"

namespace roost::proxy {

/// `[[pool]]`.
struct PoolSection {
  std::string name;
  std::string balance = "least_connections";
  std::vector<std::string> backends;

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
