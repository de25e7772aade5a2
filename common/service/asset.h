#pragma once

#include <span>
#include <string_view>

#include "common/service/answer.h"

namespace roost::service {

/// A file that is compiled into the program: a page, a script. Static storage.
struct Asset {
  std::string_view name;  ///< "app.js", "views/timeline.js"
  std::string_view content_type;
  std::string_view content;
};

/// Null when there is none of that name.
const Asset* find_asset(std::span<const Asset> assets, std::string_view name);

/// cached_answer with the asset's content.
Answer asset_answer(const Asset& asset, std::string_view cache_control, std::string_view if_none_match);

}  // namespace roost::service
