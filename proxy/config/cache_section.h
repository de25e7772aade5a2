#pragma once

#include <cstdint>

#include "common/config/field_table.h"

namespace roost::proxy {

/// `[cache]`.
struct CacheSection {
  int64_t size_bytes = 64 << 20;
  int64_t default_ttl_ms = 60'000;
  int64_t max_object_bytes = 0;  ///< 0: a sixteenth of the size

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
