#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace roost::http {

constexpr size_t kHttpDateBytes = 29;  ///< "Sun, 06 Nov 1994 08:49:37 GMT"

/// IMF-fixdate (RFC 9110 §5.6.7) of a Unix time.
std::array<char, kHttpDateBytes> format_http_date(int64_t unix_s);

/// Any of the three forms of RFC 9110 §5.6.7 to Unix seconds.
std::optional<int64_t> parse_http_date(std::string_view text);

/// The Date of now, formatted once a second. One per loop.
class HttpDateCache {
 public:
  std::string_view at_unix_ms(int64_t unix_ms);

 private:
  int64_t second_ = -1;
  std::array<char, kHttpDateBytes> text_{};
};

}  // namespace roost::http
