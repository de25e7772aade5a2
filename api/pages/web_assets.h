#pragma once

#include <span>
#include <string_view>

#include "common/service/asset.h"

namespace roost::api {

/// The files of the pages, compiled in by api/pages/embed.cmake. The page is "index.html"; its links hold the version.
std::span<const service::Asset> web_assets();

/// Sixteen hexadecimal digits that change with any of the files.
std::string_view web_version();

}  // namespace roost::api
