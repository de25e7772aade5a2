#include "api/http/cors.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace roost::api {

Cors::Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {
  everybody_ = std::find(origins_.begin(), origins_.end(), "*") != origins_.end();
}

bool Cors::lets_in(std::string_view origin) const {
  if (origin.empty()) return false;
  return everybody_ || std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

void Cors::add_to(http::FieldBlock& fields, std::string_view origin) const {
  if (everybody_) {
    fields.add("Access-Control-Allow-Origin", "*");
  } else if (!origins_.empty()) {
    fields.add("Vary", "Origin");
    if (!lets_in(origin)) return;
    fields.add("Access-Control-Allow-Origin", origin);
    fields.add("Access-Control-Allow-Credentials", "true");
  } else {
    return;
  }
  fields.add("Access-Control-Expose-Headers", "Idempotent-Replayed, Link, Location, Retry-After, X-Request-Id");
}

void Cors::add_preflight_to(http::FieldBlock& fields, std::string_view origin, std::string_view methods) const {
  if (!lets_in(origin) || methods.empty()) return;
  fields.add("Access-Control-Allow-Methods", methods);
  fields.add("Access-Control-Allow-Headers",
             "Authorization, Cache-Control, Content-Type, Idempotency-Key, X-Request-Id");
  fields.add("Access-Control-Max-Age", static_cast<uint64_t>(kPreflightMaxAgeS));
}

std::string check_origin(std::string_view text) {
  if (text == "*") return "";
  const size_t scheme_end = text.find("://");
  const bool has_host = scheme_end != std::string_view::npos && scheme_end > 0 && scheme_end + 3 < text.size();
  if (has_host && text.find_first_of("/?# \t*", scheme_end + 3) == std::string_view::npos) return "";
  return fmt::format("\"{}\": expected an origin such as \"https://app.example.org\", without a path, or \"*\"", text);
}

}  // namespace roost::api
