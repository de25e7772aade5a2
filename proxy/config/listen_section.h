#pragma once

#include <string>

#include "common/config/field_table.h"

namespace roost::proxy {

/// `[[listen]]`: one address that clients connect to.
struct ListenSection {
  std::string address;

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
