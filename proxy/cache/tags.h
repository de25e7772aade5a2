#pragma once

#include <string_view>

#include "common/http/fields.h"

namespace roost::proxy {

/// Whether a Cache-Groups value, a list of strings (RFC 9875 §2), holds this one. Bare words are taken as well; case
/// matters.
inline bool has_tag(std::string_view tags, std::string_view wanted) {
  bool found = false;
  http::for_each_list_element(tags, [&](std::string_view tag) {
    if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') tag = tag.substr(1, tag.size() - 2);
    found |= tag == wanted;
  });
  return found;
}

}  // namespace roost::proxy
