#pragma once

#include <string>
#include <string_view>

namespace roost::proxy {

/// The path of a request as routes see it. A backend receives the path as it was sent and may read it in another way
/// than the proxy: it may decode an escaped slash, merge slashes, or drop path parameters. Pure functions; paths are
/// without their query.

/// True if every reading of the path is the path itself: no empty or dot segment, parameter or backslash, and no escape
/// but of characters that have to be escaped and do not separate anything, in upper case ("/caf%C3%A9"). Does not
/// allocate.
bool is_plain_path(std::string_view path);

/// The path in normal form (RFC 3986 §6.2.2): unreserved characters decoded and other escapes in upper case, path
/// parameters (";v=1") cut off, slashes merged, dot segments removed. Escaped slashes and backslashes stay escaped.
///
///     /%61/./b;v=1//c/../d  →  /a/b/d
///     /a%2fb                →  /a%2Fb
std::string normal_path(std::string_view path);

/// All escapes decoded, nested ones as well, and backslashes turned into slashes. Each segment ends before the first of
/// ';', '?', '#' and NUL. Dot segments and empty ones are kept.
///
///     /a%2F..%5cb%3bx  →  /a/../b
std::string decoded_path(std::string_view path);

/// A decoded path without its dot segments and empty segments.
std::string resolve_dots(std::string_view decoded);

/// True if the segments of `prefix` are among those of `path` in this order. Merging slashes and removing dot segments
/// only takes segments away, so if this is false of the decoded paths, no reading of `path` lies under `prefix`.
bool has_segments_in_order(std::string_view path, std::string_view prefix);

}  // namespace roost::proxy
