#pragma once

#include <cstdint>
#include <string_view>

#include "common/http/fields.h"

namespace roost::proxy {

/// The directives of Cache-Control fields (RFC 9111 §5.2, RFC 5861). The most restrictive of duplicates wins.
struct CacheControl {
  /// Larger values are reduced to this (§1.2.2).
  static constexpr int64_t kMaxAgeS = int64_t{1} << 31;

  bool no_store = false;
  bool no_cache = false;
  bool is_private = false;
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool only_if_cached = false;
  // Seconds; -1 when absent, 0 for an invalid number.
  int64_t max_age_s = -1;
  int64_t s_maxage_s = -1;
  int64_t min_fresh_s = -1;
  int64_t max_stale_s = -1;  ///< kMaxAgeS without a value
  int64_t stale_while_revalidate_s = -1;
  int64_t stale_if_error_s = -1;
};

/// Adds the directives of one field value.
void parse_cache_control(std::string_view value, CacheControl& into);
/// All Cache-Control fields; without one, Pragma: no-cache (§5.4).
CacheControl parse_cache_control(const http::Fields& fields);

}  // namespace roost::proxy
