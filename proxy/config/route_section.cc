#include "proxy/config/route_section.h"

#include <string_view>

namespace roost::proxy {

namespace {

std::string check_path(std::string_view text) {
  return !text.empty() && text.front() == '/' ? "" : "a path begins with a slash";
}

}  // namespace

void RouteSection::declare(config::Section& section) {
  section.text("host", &host, "the requested host, without port; empty for any")
      .text("path", &path, "path prefix, in whole segments; the longest wins", check_path)
      .text("pool", &pool, "the pool that serves its requests")
      .flag("cache", &cache, "whether responses may be cached")
      .duration("default_ttl", &default_ttl_ms, {0, INT64_MAX}, "freshness when the backend gives none")
      .flag("ignore_client_cache_control", &ignore_client_cache_control, "whether to ignore Cache-Control of requests");
}

}  // namespace roost::proxy
