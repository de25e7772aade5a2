#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace roost::http {

/// Decodes %XX (RFC 3986 §2.1), and '+' to a space when `plus_is_space` (forms). Nothing when an escape is malformed or
/// stands for NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// An authority in its normal form (RFC 3986 §6.2): lower case, without the default port of `scheme` ("http" or
/// "https"). A view of `authority` when that is normal already, else of `storage`.
std::string_view normal_authority(std::string_view scheme, std::string_view authority, std::string& storage);

}  // namespace roost::http
