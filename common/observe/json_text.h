#pragma once

#include <string>
#include <string_view>

namespace roost::observe {

/// Appends `text` as a JSON string, in quotes (RFC 8259, section 7). Control characters are escaped. Each byte that is
/// not part of a UTF-8 character becomes U+FFFD, so that a log line is valid JSON whatever a peer sent.
void append_json_string(std::string& out, std::string_view text);

}  // namespace roost::observe
