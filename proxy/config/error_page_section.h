#pragma once

#include <cstdint>
#include <string>

#include "common/config/field_table.h"

namespace roost::proxy {

/// `[[error_page]]`: what browsers get in place of the standard page when the proxy answers with an error of its own.
struct ErrorPageSection {
  static constexpr uint64_t kMaxBytes = 64 * 1024;

  int64_t status = 0;  ///< 400 to 599; 0: every error that has no page of its own
  std::string file;
  std::string text;  ///< of the file, once read

  /// Binds the fields of its table to these variables, which outlive the section.
  void declare(config::Section& section);
  /// Reads the file, at most kMaxBytes. Returns what is wrong with the table, or an empty string.
  std::string read();
};

}  // namespace roost::proxy
