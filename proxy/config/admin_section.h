#pragma once

#include <string>
#include <vector>

#include "common/config/field_table.h"

namespace roost::proxy {

/// `[admin]`: who may use the admin listener, whose address is `[proxy] admin`.
struct AdminSection {
  std::vector<std::string> hosts;  ///< names by which it is asked, besides addresses and localhost
  std::string token;               ///< empty: none is asked for

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
