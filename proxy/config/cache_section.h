#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/field_table.h"
#include "proxy/cache/freshness.h"

namespace roost::proxy {

/// "60s" for a fixed time, "heuristic", or "off" (the same as "0s"). Nothing for anything else.
std::optional<DefaultLifetime> parse_default_ttl(std::string_view text);

/// What is wrong with it; empty when nothing is.
std::string check_default_ttl(std::string_view text);

/// `[cache]`.
struct CacheSection {
  int64_t size_bytes = 64 << 20;
  std::string default_ttl = "60s";  ///< see parse_default_ttl()
  int64_t max_object_bytes = 0;     ///< 0: a sixteenth of the size

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
};

}  // namespace roost::proxy
