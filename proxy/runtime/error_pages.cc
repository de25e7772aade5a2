#include "proxy/runtime/error_pages.h"

namespace roost::proxy {

ErrorPages::ErrorPages(const std::vector<ErrorPageSection>& sections) {
  for (const ErrorPageSection& section : sections) pages_[static_cast<int>(section.status)] = section.text;
}

std::string_view ErrorPages::find(int status) const {
  auto found = pages_.find(status);
  if (found == pages_.end()) found = pages_.find(0);
  return found == pages_.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace roost::proxy
