#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/service.h"
#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/observe/json_text.h"

namespace roost::api {

/// How long caches may keep public reads and 404 answers, in seconds. Time spent in the worker's own cache is told by
/// Age.
constexpr int64_t kPublicMaxAgeS = 60;
constexpr int64_t kNotFoundMaxAgeS = 5;

/// A public read: `Cache-Control: public, max-age=60`, `Age` (rounded up) unless `age_ms` is 0, and a strong ETag of
/// the body; or 304 without a body when `if_none_match` (RFC 9110 §13.1.2) names that ETag.
Answer public_answer(std::string body, std::string_view content_type, int64_t age_ms, std::string_view if_none_match);

/// The age, when the request arrived, of data loaded at `loaded_at_ms` (Clock::monotonic_ms); 0 when it was loaded for
/// this request. The time since then is for the recipient to add (RFC 9111 §4.2.3).
int64_t age_on_arrival_ms(const Request& request, int64_t loaded_at_ms, const Clock& clock);

/// 404. To GET and HEAD cacheable for kNotFoundMaxAgeS.
Answer not_found(http::Method method, std::string_view detail);

/// The problem for an error of the database, the batcher or a queue: 503 with Retry-After when it is retryable, else
/// 500. The error's text is not shown to the client.
Answer problem_of(const Error& error);

using observe::append_json_string;

}  // namespace roost::api
