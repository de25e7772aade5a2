#pragma once

#include <span>
#include <string_view>

namespace roost::api {

/// One file of the pages, compiled into the program by api/web/embed.cmake.
struct Asset {
  std::string_view path;  ///< "/assets/app.js"
  std::string_view content_type;
  std::string_view content;
};

/// All of them; static storage.
std::span<const Asset> web_assets();

}  // namespace roost::api
