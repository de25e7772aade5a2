#include "proxy/cache/freshness.h"

#include <algorithm>

#include "common/http/date.h"

namespace roost::proxy {
namespace {

using http::FieldId;

// Fewer than RFC 9110 §15.1 allows: the others are rare, or may be provoked by fields that are not in the key.
bool is_heuristically_cacheable(int status) {
  return status == 200 || status == 203 || status == 301 || status == 308 || status == 404 || status == 410;
}

// Errors that are about the request rather than the resource. Anybody could provoke them for a URL that others use, by
// a field that is not in the key.
bool is_requests_own_error(int status) {
  switch (status) {
    case 400:
    case 408:
    case 411:
    case 412:
    case 413:
    case 415:
    case 416:
    case 417:
    case 421:
    case 422:
    case 424:
    case 425:
    case 426:
    case 428:
    case 429:
    case 431:
      return true;
    default:
      return false;
  }
}

// Any final status, except 206 and 304, which are not understood here as a cache would have to, and the request's own
// errors.
bool is_storable(int status) {
  return status >= 200 && status != 206 && status != 304 && status < 600 && !is_requests_own_error(status);
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

// -1 for none.
int64_t invented_lifetime_ms(const DefaultLifetime& invented, const http::ResponseHead& response, int64_t now_unix_ms) {
  int64_t lifetime_ms = -1;
  if (invented.rule == DefaultLifetime::Rule::fixed && invented.fixed_ms > 0) lifetime_ms = invented.fixed_ms;
  if (invented.rule == DefaultLifetime::Rule::heuristic) {
    const auto modified_s = http::parse_http_date(response.fields.value(FieldId::last_modified));
    if (!modified_s) return -1;
    const auto date_s = http::parse_http_date(response.fields.value(FieldId::date));
    const int64_t unchanged_s = date_s.value_or(now_unix_ms / 1000) - *modified_s;
    lifetime_ms = std::clamp<int64_t>(unchanged_s * 1000 / 10, 0, DefaultLifetime::kMaxHeuristicMs);
  }
  const bool missing = response.status == 404 || response.status == 410;
  return missing ? std::min(lifetime_ms, DefaultLifetime::kMaxMissingMs) : lifetime_ms;
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
  if (control.no_cache) return "no-cache";
  if (response.fields.has(FieldId::set_cookie)) return "set-cookie";
  if (request.fields.has(FieldId::authorization) && !may_share_authorized(control)) return "authorization";
  if (response.fields.has(FieldId::vary) && varies_beyond_key(response.fields)) return "vary";
  return nullptr;
}

// The same for one without an explicit lifetime.
const char* refusal_to_invent(const http::RequestHead& request, const http::ResponseHead& response,
                              const CacheControl& control, const StoringRules& rules) {
  if (!is_heuristically_cacheable(response.status)) return "status";
  const Credentials credentials = Credentials::of(request.fields);
  // must-revalidate allows to share what has a lifetime; it does not say that there is one.
  if (credentials.authorization && !control.is_public) return "authorization";
  if (credentials.cookie && !rules.with_cookies) return "cookie";
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
                       const StoringRules& rules) {
  const OriginRules origin = origin_rules(response.fields);
  const CacheControl& control = origin.control;
  Storing storing;
  storing.times.stored_ms = arrival.now_ms;
  const char* why = refusal(request, response, control);
  int64_t lifetime_ms = explicit_lifetime_ms(origin, response.fields, arrival.now_unix_ms);
  storing.invented = lifetime_ms < 0;
  if (why == nullptr && storing.invented) {
    why = refusal_to_invent(request, response, control, rules);
    lifetime_ms = invented_lifetime_ms(rules.default_lifetime, response, arrival.now_unix_ms);
    if (why == nullptr && lifetime_ms < 0) why = "no-lifetime";
  }
  if (why != nullptr) {
    storing.reason = why;
    return storing;
  }
  storing.times.lifetime_ms = std::min(lifetime_ms, CacheControl::kMaxAgeS * 1000);
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
  storing.store = storing.times.lifetime_ms > storing.times.initial_age_ms;
  if (!storing.store) storing.reason = "expired";
  return storing;
}

RefusalScope refusal_scope(int status, std::string_view reason) {
  if (reason == "authorization" || reason == "cookie") return RefusalScope::credentials;
  // Which methods and types there are may depend on fields that override the method, and on Accept.
  const bool about_request = is_requests_own_error(status) || status == 405 || status == 406 || status == 414;
  return about_request ? RefusalScope::request : RefusalScope::resource;
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
