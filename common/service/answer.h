#pragma once

#include <string>
#include <string_view>

#include "common/http/field_block.h"

namespace roost::service {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kMetricsText = "text/plain; version=0.0.4; charset=utf-8";  ///< Prometheus

/// A whole response. Date, Content-Type, X-Request-Id and framing are added when it is sent.
struct Answer {
  int status = 200;
  std::string_view content_type = kJson;  ///< static text
  std::string body;
  http::FieldBlock fields;
};

/// `Cache-Control: no-store`: writes, logs, health.
Answer uncached_answer(int status, std::string_view content_type, std::string body);
Answer uncached_json(int status, std::string body);

/// 200 with the given Cache-Control and a strong ETag of the body; or 304 without a body when `if_none_match`
/// (RFC 9110 §13.1.2) names that ETag.
Answer cached_answer(std::string body, std::string_view content_type, std::string_view cache_control,
                     std::string_view if_none_match);

/// application/problem+json (http::problem_body), `no-store` unless another Cache-Control is given.
Answer problem(int status, std::string_view detail, std::string_view field = {},
               std::string_view cache_control = "no-store");

}  // namespace roost::service
