#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace roost::http {

/// Decodes %XX (RFC 3986 §2.1), and '+' to a space when `plus_is_space` (forms). Nothing when an escape is malformed or
/// stands for NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

}  // namespace roost::http
