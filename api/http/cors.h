#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/http/field_block.h"

namespace roost::api {

/// Which pages of other origins may read the answers (the Fetch standard, "CORS protocol"). Immutable; any thread.
class Cors {
 public:
  static constexpr int64_t kPreflightMaxAgeS = 600;

  /// Nobody's.
  Cors() = default;
  /// Exact origins ("https://app.example.org"), or "*" alone for all.
  explicit Cors(std::vector<std::string> origins);

  /// Whether pages of this origin may use the API. Not the origin of the API itself, which needs no leave.
  bool lets_in(std::string_view origin) const;
  /// What every answer carries. With listed origins also `Vary: Origin`, whoever asks, since a cache that keeps the
  /// answer is asked by others later; and leave to send credentials, which "*" never gives.
  void add_to(http::FieldBlock& fields, std::string_view origin) const;
  /// What the answer to a preflight carries besides, when the origin is let in; `methods` are those the path has.
  void add_preflight_to(http::FieldBlock& fields, std::string_view origin, std::string_view methods) const;

 private:
  bool everybody_ = false;
  std::vector<std::string> origins_;
};

/// What is wrong with an entry of [api] cors_origins; empty when nothing is.
std::string check_origin(std::string_view text);

}  // namespace roost::api
