#include "proxy/config/route_section.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "proxy/config/cache_section.h"
#include "proxy/limits/request_rate.h"
#include "proxy/upstream/retry.h"

namespace roost::proxy {

namespace {

std::string check_path(std::string_view text) {
  if (text.empty() || text.front() != '/') return "a path begins with a slash";
  if (text.find_first_of("?#") != std::string_view::npos)
    return fmt::format("\"{}\": a path ends before '?' and '#'; routes do not look at the query", text);
  const bool is_visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
  return is_visible ? ""
                    : fmt::format("\"{}\": a path has visible ASCII characters only; encode others, as in %20", text);
}

std::string check_host(std::string_view text) {
  const std::string_view name = text.starts_with('[') ? text.substr(text.find(']') + 1) : text;
  if (name.find(':') != std::string_view::npos) return fmt::format("\"{}\": a route's host has no port", text);
  if (text.find_first_of("/?#@ \t") != std::string_view::npos)
    return fmt::format("\"{}\": expected a host such as \"shop.example.org\"", text);
  return "";
}

}  // namespace

void RouteSection::declare(config::Section& section) {
  section.text("host", &host, "the requested host, without port; empty for any", check_host)
      .text("path", &path, "path prefix, in whole segments; the longest wins", check_path)
      .text("pool", &pool, "the pool that serves its requests")
      .flag("cache", &cache, "whether responses may be cached")
      .inherits("cache")
      .text("default_ttl", &default_ttl, "freshness when the backend gives none: a time, heuristic or off",
            check_default_ttl)
      .inherits("")
      .flag("ignore_client_cache_control", &ignore_client_cache_control, "whether to ignore Cache-Control of requests")
      .flag("cache_with_cookies", &cache_with_cookies, "whether default_ttl is for requests with a Cookie, too")
      .flag("cache_with_authorization", &cache_with_authorization,
            "whether requests with Authorization are answered from the cache")
      .text("request_rate", &request_rate, "requests of one client address, as 100/s or 3000/m, 429 above; or off",
            RequestRate::check)
      .number("request_burst", &request_burst, {0, 1'000'000'000},
              "of them at once; 0 for as many as the rate's number")
      .text("buffer_requests", &buffer_requests,
            "which request bodies are whole before a backend is chosen: off, small or all",
            config::one_of({"off", "small", "all"}))
      .list(
          "retry_on", &retry_on,
          "after what an idempotent request goes to another backend, once: connect, reset, timeout, ejected, a status",
          RetryOn::check_word);
  declare_timeouts(section.inherits("proxy"), timeouts);
}

}  // namespace roost::proxy
