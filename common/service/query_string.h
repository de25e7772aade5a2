#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace roost::api {

/// %XX to bytes (RFC 3986 §2.1); nothing when an escape is malformed or gives a NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// The parameters of a query or of a form body (application/x-www-form-urlencoded), in their order.
class QueryString {
 public:
  static constexpr size_t kMaxParameters = 64;

  /// Nothing when an escape is malformed or there are more than kMaxParameters.
  static std::optional<QueryString> parse(std::string_view text);
  /// The first one of that name, null when there is none.
  const std::string* find(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace roost::api
