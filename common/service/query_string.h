#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/wipe.h"

namespace roost::service {

/// The parameters of a query or of a form body (application/x-www-form-urlencoded), decoded, in their order.
class QueryString {
 public:
  static constexpr size_t kMaxParameters = 64;

  QueryString() = default;
  QueryString(QueryString&&) = default;
  QueryString& operator=(QueryString&&) = default;
  /// Overwrites the values: a form may hold a password.
  ~QueryString() {
    for (auto& [name, value] : parameters_) wipe(value);
  }
  /// Nothing when an escape is malformed or there are more than kMaxParameters. '+' stands for a space, as forms write
  /// it, unless `plus_is_space` is false: for parameters that are URLs themselves.
  static std::optional<QueryString> parse(std::string_view text, bool plus_is_space = true);
  /// The value of the first parameter of that name; null when there is none.
  const std::string* find(std::string_view name) const;
  /// The same; empty when there is none.
  std::string_view value(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace roost::service
