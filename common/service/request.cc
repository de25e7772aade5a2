#include "api/http/request.h"

#include <algorithm>
#include <charconv>

namespace roost::api {
namespace {

constexpr size_t kMaxRequestIdBytes = 64;

bool asks_past_caches(std::string_view cache_control) {
  bool asks = false;
  http::for_each_list_element(cache_control, [&](std::string_view directive) {
    asks = asks || http::equals_ignore_case(directive, "no-cache") || http::equals_ignore_case(directive, "max-age=0");
  });
  return asks;
}

}  // namespace

bool is_request_id(std::string_view text) {
  const auto fit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  };
  return !text.empty() && text.size() <= kMaxRequestIdBytes && std::all_of(text.begin(), text.end(), fit);
}

Request Request::from(const http::RequestHead& head, const net::Address& client) {
  using http::FieldId;
  Request request;
  request.method = head.method;
  request.method_text = head.method_text;
  request.path = head.path;
  request.query_text = head.query;
  request.client = client;
  if (head.fields.has(FieldId::x_request_id)) {
    const std::string_view id = head.fields.value(FieldId::x_request_id);
    if (is_request_id(id)) request.request_id = id;
  }
  if (const auto etags = head.fields.combined(FieldId::if_none_match)) request.if_none_match = *etags;
  if (head.fields.has(FieldId::authorization)) request.authorization = head.fields.value(FieldId::authorization);
  if (head.fields.has(FieldId::content_type)) request.content_type = head.fields.value(FieldId::content_type);
  if (head.fields.has(FieldId::origin)) request.origin = head.fields.value(FieldId::origin);
  if (head.method == http::Method::post) request.idempotency_key = head.fields.combined("Idempotency-Key");
  request.is_preflight =
      head.method == http::Method::options && head.fields.find("Access-Control-Request-Method") != nullptr;
  if (const auto addresses = head.fields.combined(FieldId::x_forwarded_for)) request.forwarded_for = *addresses;
  if (const auto directives = head.fields.combined(FieldId::cache_control))
    request.no_cache = asks_past_caches(*directives);
  request.wants_html = head.fields.value(FieldId::accept).find("text/html") != std::string_view::npos;
  return request;
}

int64_t age_on_arrival_ms(const Request& request, int64_t loaded_at_ms, const Clock& clock) {
  constexpr int64_t kRoundingMs = 1;  // of four times rounded down to milliseconds; not to be told as a whole second
  const int64_t here_ms = std::max<int64_t>(0, clock.unix_ms() - request.arrived_us / 1000);
  const int64_t age_ms = clock.monotonic_ms() - loaded_at_ms - here_ms;
  return age_ms <= kRoundingMs ? 0 : age_ms;
}

std::optional<int64_t> parse_id(std::string_view text) {
  int64_t id = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size() || id < 1) return std::nullopt;
  return id;
}

}  // namespace roost::api
