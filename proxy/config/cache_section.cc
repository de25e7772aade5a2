#include "proxy/config/cache_section.h"

#include "common/base/units.h"

namespace roost::proxy {

std::optional<DefaultLifetime> parse_default_ttl(std::string_view text) {
  using Rule = DefaultLifetime::Rule;
  if (text == "off") return DefaultLifetime{Rule::none, 0};
  if (text == "heuristic") return DefaultLifetime{Rule::heuristic, 0};
  const auto fixed_ms = parse_duration_ms(text);
  if (!fixed_ms) return std::nullopt;
  return DefaultLifetime{*fixed_ms > 0 ? Rule::fixed : Rule::none, *fixed_ms};
}

std::string check_default_ttl(std::string_view text) {
  if (parse_default_ttl(text)) return "";
  return "expected a time such as \"60s\", \"heuristic\" or \"off\"";
}

void CacheSection::declare(config::Section& section) {
  section.bytes("size", &size_bytes, {1 << 20, int64_t{1} << 44}, "limit of the whole cache")
      .text("default_ttl", &default_ttl, "freshness when the backend gives none: a time, heuristic or off",
            check_default_ttl)
      .bytes("max_object_size", &max_object_bytes, {0, INT64_MAX},
             "largest response cached; 0 for a sixteenth of size");
}

}  // namespace roost::proxy
