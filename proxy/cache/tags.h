#pragma once

#include <string_view>

#include "common/http/fields.h"

namespace roost::proxy {

/// Calls `use(tag)` for each tag of a Cache-Groups or Cache-Group-Invalidation value, a list of strings (RFC 9875 §2).
/// Unquoted words are accepted as well.
template <class Use>
void for_each_tag(std::string_view tags, Use&& use) {
  http::for_each_list_element(tags, [&](std::string_view tag) {
    if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') tag = tag.substr(1, tag.size() - 2);
    if (!tag.empty()) use(tag);
  });
}

/// True if the list contains `wanted`; case-sensitive.
inline bool has_tag(std::string_view tags, std::string_view wanted) {
  bool found = false;
  for_each_tag(tags, [&](std::string_view tag) { found |= tag == wanted; });
  return found;
}

}  // namespace roost::proxy
