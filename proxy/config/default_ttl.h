#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/cache/freshness.h"

namespace roost::proxy {

/// "60s" for a fixed time, "heuristic", or "off" (the same as "0s"). Nothing for anything else.
std::optional<DefaultLifetime> parse_default_ttl(std::string_view text);

/// What is wrong with it; empty when nothing is.
std::string check_default_ttl(std::string_view text);

}  // namespace roost::proxy
