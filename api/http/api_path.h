#pragma once

#include <string_view>

namespace roost::api {

/// Whether a path is the API's, as opposed to pages, health, metrics and the log: these calls are logged, and CORS is
/// for them alone.
constexpr bool is_api_path(std::string_view path) {
  return path.starts_with("/api/") || path.starts_with("/like/");
}

}  // namespace roost::api
