#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/check.h"
#include "proxy/cache/cache_key.h"
#include "proxy/cache/freshness.h"

// Header fields of a request and its response as a hostile peer may write them, against what the rest of the cache
// counts on. Input: lines "name: value"; those before an empty line are the request's, those behind it the response's.

using namespace roost::proxy;
using roost::http::Fields;
using roost::http::RequestHead;
using roost::http::ResponseHead;

namespace {

constexpr int64_t kNowUnixMs = 1'700'000'000'000;
constexpr int64_t kLongestMs = CacheControl::kMaxAgeS * 1000;

/// Adds lines up to an empty one; what is left.
std::string_view read_fields(std::string_view text, Fields& fields) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) break;
    const size_t colon = std::min(line.find(':'), line.size());
    fields.add(line.substr(0, colon), line.substr(std::min(colon + 1, line.size())));
  }
  return text;
}

void check_range(int64_t seconds) {
  ROOST_CHECK(seconds >= -1 && seconds <= CacheControl::kMaxAgeS);
}

void check_directives(const Fields& fields) {
  const CacheControl control = parse_cache_control(fields);
  for (const int64_t seconds : {control.max_age_s, control.s_maxage_s, control.min_fresh_s, control.max_stale_s,
                                control.stale_while_revalidate_s, control.stale_if_error_s}) {
    check_range(seconds);
  }
}

void check_judgement(const RequestHead& request, const ResponseHead& response) {
  const Storing storing = judge_response(request, response, {7, kNowUnixMs, 5}, {});
  ROOST_CHECK(storing.store == std::string_view(storing.reason).empty());
  ROOST_CHECK(storing.times.lifetime_ms >= 0 && storing.times.initial_age_ms >= 0);
  ROOST_CHECK(storing.times.stale_while_revalidate_ms >= 0 && storing.times.stale_while_revalidate_ms <= kLongestMs);
  ROOST_CHECK(storing.times.stale_if_error_ms >= 0 && storing.times.stale_if_error_ms <= kLongestMs);
  if (!storing.store) return;
  ROOST_CHECK(storing.times.lifetime_ms > storing.times.initial_age_ms);
  ROOST_CHECK(!response.fields.has(roost::http::FieldId::set_cookie));
  // One more no-store can only forbid.
  ResponseHead stricter = response;
  const bool targeted = response.fields.has(roost::http::FieldId::cdn_cache_control);
  if (stricter.fields.add(targeted ? "CDN-Cache-Control" : "Cache-Control", "no-store")) {
    ROOST_CHECK(!judge_response(request, stricter, {7, kNowUnixMs, 5}, {}).store);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RequestHead request;
  request.method = roost::http::Method::get;
  request.target = "/";
  ResponseHead response;
  response.status = size % 5 == 0 ? 302 : 200;
  read_fields(read_fields(text, request.fields), response.fields);

  check_directives(request.fields);
  check_directives(response.fields);
  request_rules(request, false);
  check_judgement(request, response);
  is_not_modified(request.fields, response.fields.value(roost::http::FieldId::etag),
                  response.fields.value(roost::http::FieldId::last_modified));

  CacheKey key;
  key.assign_url(text);
  std::string variant;
  append_variant(response.fields.combined(roost::http::FieldId::vary).value_or(""), request.fields, variant);
  ROOST_CHECK(variant.empty() || variant.front() == '\n');
  return 0;
}
