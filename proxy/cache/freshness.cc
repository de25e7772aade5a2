#include "proxy/cache/freshness.h"

#include <algorithm>

#include "common/http/date.h"

namespace roost::proxy {
namespace {

using http::FieldId;

// Without an explicit lifetime (RFC 9110 §15.1); not 206, since partial responses are not combined.
bool is_heuristically_cacheable(int status) {
  switch (status) {
    case 200:
    case 203:
    case 204:
    case 300:
    case 301:
    case 308:
    case 404:
    case 405:
    case 410:
    case 414:
    case 501:
      return true;
    default:
      return false;
  }
}

// Any final status, except 206 and 304, which are not understood here as a cache would have to.
bool is_storable(int status) {
  return status >= 200 && status != 206 && status != 304 && status < 600;
}

// Set by the proxy for each request: not a field of the client's request, so that variants cannot be told apart by it.
bool is_set_for_each_request(FieldId id) {
  return id == FieldId::x_forwarded_for || id == FieldId::x_request_id;
}

// By "*", or by a field that look-ups do not have.
bool varies_beyond_key(const http::Fields& fields) {
  bool beyond = false;
  for (const http::Field& field : fields) {
    if (field.id != FieldId::vary) continue;
    http::for_each_list_element(field.value, [&beyond](std::string_view name) {
      beyond |= name == "*" || is_set_for_each_request(http::field_id(name));
    });
  }
  return beyond;
}

// The origin's directives for a shared cache. A targeted field takes the place of Cache-Control and Expires (RFC 9213
// §2.2); an empty one counts as absent.
struct OriginRules {
  CacheControl control;
  bool targeted = false;
};

OriginRules origin_rules(const http::Fields& fields) {
  OriginRules rules;
  if (fields.has(FieldId::cdn_cache_control)) {
    for (const http::Field& field : fields) {
      if (field.id != FieldId::cdn_cache_control || field.value.empty()) continue;
      rules.targeted = true;
      parse_cache_control(field.value, rules.control);
    }
  }
  if (!rules.targeted) rules.control = parse_cache_control(fields);
  return rules;
}

// -1 for none.
int64_t explicit_lifetime_ms(const OriginRules& rules, const http::Fields& fields, int64_t now_unix_ms) {
  if (rules.control.s_maxage_s >= 0) return rules.control.s_maxage_s * 1000;
  if (rules.control.max_age_s >= 0) return rules.control.max_age_s * 1000;
  if (rules.targeted || !fields.has(FieldId::expires)) return -1;
  const auto expires_s = http::parse_http_date(fields.value(FieldId::expires));
  if (!expires_s) return 0;  // §5.3: an invalid date is in the past
  const auto date_s = http::parse_http_date(fields.value(FieldId::date));
  return std::max<int64_t>(0, *expires_s - date_s.value_or(now_unix_ms / 1000)) * 1000;
}

int64_t age_field_ms(const http::Fields& fields) {
  CacheControl parsed;
  if (!fields.has(FieldId::age)) return 0;
  parse_cache_control(std::string("max-age=").append(fields.value(FieldId::age)), parsed);
  return parsed.max_age_s * 1000;
}

const char* refusal(const http::RequestHead& request, const http::ResponseHead& response, const CacheControl& control) {
  if (request.method != http::Method::get) return "method";
  if (!is_storable(response.status)) return "status";
  if (control.no_store) return "no-store";
  if (control.is_private) return "private";
  if (response.fields.has(FieldId::set_cookie)) return "set-cookie";
  if (request.fields.has(FieldId::authorization) && !may_share_authorized(control)) return "authorization";
  if (response.fields.has(FieldId::vary) && varies_beyond_key(response.fields)) return "vary";
  return nullptr;
}

}  // namespace

RequestRules request_rules(const http::RequestHead& head, bool ignore_client) {
  RequestRules rules;
  if (head.method != http::Method::get && head.method != http::Method::head) return rules;
  rules.may_use_stored = true;
  rules.may_store = head.method == http::Method::get && !head.body.has_body();
  if (head.body.has_body()) rules.may_use_stored = false;
  if (ignore_client || (!head.fields.has(FieldId::cache_control) && !head.fields.has(FieldId::pragma))) return rules;
  const CacheControl control = parse_cache_control(head.fields);
  if (control.no_cache || control.no_store) rules.may_use_stored = false;
  if (control.no_store) rules.may_store = false;
  rules.must_not_fetch = control.only_if_cached;
  if (control.max_age_s >= 0) rules.max_age_ms = control.max_age_s * 1000;
  if (control.min_fresh_s >= 0) rules.min_fresh_ms = control.min_fresh_s * 1000;
  return rules;
}

bool may_share_authorized(const CacheControl& response) {
  return response.is_public || response.s_maxage_s >= 0 || response.must_revalidate;
}

Storing judge_response(const http::RequestHead& request, const http::ResponseHead& response, const Arrival& arrival,
                       int64_t default_lifetime_ms) {
  const OriginRules rules = origin_rules(response.fields);
  const CacheControl& control = rules.control;
  Storing storing;
  storing.times.stored_ms = arrival.now_ms;
  if (const char* why = refusal(request, response, control)) {
    storing.reason = why;
    return storing;
  }
  const int64_t explicit_ms = explicit_lifetime_ms(rules, response.fields, arrival.now_unix_ms);
  if (explicit_ms < 0 && !is_heuristically_cacheable(response.status)) {
    storing.reason = "status";
    return storing;
  }
  storing.times.lifetime_ms =
      std::min(explicit_ms >= 0 ? explicit_ms : default_lifetime_ms, CacheControl::kMaxAgeS * 1000);
  const auto date_s = http::parse_http_date(response.fields.value(FieldId::date));
  const int64_t apparent_age_ms = date_s ? std::max<int64_t>(0, arrival.now_unix_ms / 1000 - *date_s) * 1000 : 0;
  storing.times.initial_age_ms = std::max(apparent_age_ms, age_field_ms(response.fields) + arrival.delay_ms);
  // A clock that is a second off would cost every response a second of its lifetime; below that, the delay is the
  // better measure.
  if (apparent_age_ms <= 1000) storing.times.initial_age_ms = age_field_ms(response.fields) + arrival.delay_ms;
  storing.times.stale_while_revalidate_ms = std::max<int64_t>(0, control.stale_while_revalidate_s) * 1000;
  storing.times.stale_if_error_ms = std::max<int64_t>(0, control.stale_if_error_s) * 1000;
  if (control.must_revalidate || control.proxy_revalidate || control.s_maxage_s >= 0) {
    storing.times.stale_while_revalidate_ms = storing.times.stale_if_error_ms = 0;
  }
  if (control.no_cache || storing.times.lifetime_ms <= storing.times.initial_age_ms) {
    storing.reason = control.no_cache ? "no-cache" : "expired";
    return storing;
  }
  storing.store = true;
  return storing;
}

bool is_not_modified(const http::Fields& request_fields, std::string_view etag, std::string_view last_modified) {
  auto opaque = [](std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; };
  if (request_fields.has(FieldId::if_none_match)) {
    bool matches = false;
    for (const http::Field& field : request_fields) {
      if (field.id != FieldId::if_none_match) continue;
      http::for_each_list_element(field.value, [&](std::string_view tag) {
        matches |= tag == "*" || (!etag.empty() && opaque(tag) == opaque(etag));
      });
    }
    return matches;
  }
  if (last_modified.empty() || !request_fields.has(FieldId::if_modified_since)) return false;
  const auto since_s = http::parse_http_date(request_fields.value(FieldId::if_modified_since));
  const auto modified_s = http::parse_http_date(last_modified);
  return since_s && modified_s && *modified_s <= *since_s;
}

}  // namespace roost::proxy
