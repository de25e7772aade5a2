#pragma once

#include <cstdint>
#include <string>

#include "common/config/field_table.h"

namespace roost::proxy {

/// `[cache]`.
struct CacheSection {
  int64_t size_bytes = 64 << 20;
  std::string default_ttl = "60s";  ///< see parse_default_ttl()
  int64_t max_object_bytes = 0;     ///< 0: a sixteenth of the size

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
