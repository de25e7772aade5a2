#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace roost::api {

/// A positive 64-bit id: digits only, 1 to 2^63-1.
std::optional<int64_t> parse_id(std::string_view text);

/// The code points of a text; nothing when it is not UTF-8 (RFC 3629).
std::optional<size_t> count_characters(std::string_view text);

/// Whether a control character (C0, C1 or DEL) is in a UTF-8 text; with `lines_allowed`, line ends and tabs are none.
bool has_control_characters(std::string_view text, bool lines_allowed);

/// Whether there is nothing but white space.
bool is_blank(std::string_view text);

/// Shaped like an e-mail address: something before the one '@', a host name with a dot behind it, no white space,
/// quotes or brackets. Whether anybody reads it there is not known by looking.
bool is_email_shaped(std::string_view text);

}  // namespace roost::api
