#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace roost::api {

/// A positive 64-bit id: digits only, 1 to 2^63-1.
std::optional<int64_t> parse_id(std::string_view text);

/// The number of code points; nothing when the text is not UTF-8 (RFC 3629).
std::optional<size_t> count_characters(std::string_view text);

/// Whether a UTF-8 text has control characters (C0, C1, DEL); with `lines_allowed`, line ends and tabs are permitted.
bool has_control_characters(std::string_view text, bool lines_allowed);

/// Whether a text is empty or only white space.
bool is_blank(std::string_view text);

/// Whether a text has the form of an e-mail address: a local part, '@', a host name with a dot; no white space, quotes
/// or brackets.
bool is_email_shaped(std::string_view text);

}  // namespace roost::api
