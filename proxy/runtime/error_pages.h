#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config/error_page_section.h"

namespace roost::proxy {

/// The configured error pages. Immutable; any thread.
class ErrorPages {
 public:
  ErrorPages() = default;
  explicit ErrorPages(const std::vector<ErrorPageSection>& sections);
  /// The page of this status, or that of all; empty when there is none.
  std::string_view find(int status) const;

 private:
  std::map<int, std::string> pages_;  // by status; 0: of all others
};

}  // namespace roost::proxy
