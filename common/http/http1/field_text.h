#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace roost::http {

/// The text of one field line, "Name: value" and CRLF (RFC 9112 §5), which is the form a FieldBlock is kept in, so that
/// HTTP/1 sends a stored head as it is.
constexpr size_t kFieldLineBytes = 4;  ///< of a line besides name and value

inline char* begin_field_line(char* to, std::string_view name) {
  to = std::copy(name.begin(), name.end(), to);
  *to++ = ':';
  *to++ = ' ';
  return to;
}
inline char* end_field_line(char* to) {
  *to++ = '\r';
  *to++ = '\n';
  return to;
}

/// The first line of a text that was written so; `text` is not empty.
struct FieldLine {
  std::string_view name;
  std::string_view value;
  size_t bytes = 0;  ///< of the whole line

  explicit FieldLine(std::string_view text) {
    const size_t colon = text.find(':');
    const size_t end = text.find('\r', colon);
    name = text.substr(0, colon);
    value = text.substr(colon + 2, end - colon - 2);
    bytes = end + 2;
  }
};

}  // namespace roost::http
