#pragma once

#include <span>
#include <string_view>

namespace roost::api {

/// One file of the pages, compiled into the program by api/pages/embed.cmake.
struct Asset {
  std::string_view name;  ///< "app.js", "views/timeline.js"
  std::string_view content_type;
  std::string_view content;
};

/// All of them; static storage. The page is "index.html"; its links hold the version.
std::span<const Asset> web_assets();

/// Sixteen hexadecimal digits that change with any of the files.
std::string_view web_version();

}  // namespace roost::api
