#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/http/fields.h"
#include "common/http/message.h"
#include "common/observe/json_text.h"

namespace roost::api {

constexpr std::string_view kJson = "application/json";

/// How long others may keep public reads and "no such thing", in seconds; what a worker's own cache adds is told by
/// Age.
constexpr int64_t kPublicMaxAgeS = 60;
constexpr int64_t kNotFoundMaxAgeS = 5;

/// A whole response. Date, Content-Type, X-Request-Id and framing are added when it is sent.
struct Answer {
  int status = 200;
  std::string_view content_type = kJson;  ///< static text
  std::string body;
  http::FieldLines fields;
};

/// JSON that nobody may keep: writes, logs, health.
Answer uncached_json(int status, std::string body);

/// A public read: `Cache-Control: public, max-age=60`, `Age` (rounded up) when it is not new, and a strong ETag of the
/// body; or 304 without a body when `if_none_match` (RFC 9110 §13.1.2) names that ETag.
Answer public_answer(std::string body, std::string_view content_type, int64_t age_ms, std::string_view if_none_match);

/// 200 with the given Cache-Control and a strong ETag of the body, or 304 as above.
Answer cached_answer(std::string body, std::string_view content_type, std::string_view cache_control,
                     std::string_view if_none_match);

/// application/problem+json (RFC 9457) with type, title, status and `detail`; `field`, when not empty, names the part
/// of the request that is wrong. Nobody may keep it.
Answer problem(int status, std::string_view detail, std::string_view field = {});

/// 404. Asked by GET or HEAD it may be kept for kNotFoundMaxAgeS.
Answer not_found(http::Method method, std::string_view detail);

/// The problem for an error of the database, the batcher or a queue: 503 with Retry-After when it may be tried again,
/// else 500. What went wrong inside is not told to the client.
Answer problem_of(const Error& error);

using observe::append_json_string;

}  // namespace roost::api
