#include "common/service/request.h"

#include <algorithm>

namespace roost::service {
namespace {

constexpr size_t kMaxRequestIdBytes = 64;

/// Whether the client asks for an answer that no cache has kept.
bool asks_past_caches(std::string_view cache_control) {
  bool asks = false;
  http::for_each_list_element(cache_control, [&](std::string_view directive) {
    asks = asks || http::equals_ignore_case(directive, "no-cache") || http::equals_ignore_case(directive, "max-age=0");
  });
  return asks;
}

FetchSite fetch_site_of(std::string_view text) {
  if (text.empty()) return FetchSite::unsaid;
  if (text == "same-origin") return FetchSite::same_origin;
  return text == "none" ? FetchSite::none : FetchSite::foreign;
}

/// The last element of a list, which the nearest proxy has added.
std::string last_element(std::string_view list) {
  std::string last;
  http::for_each_list_element(list, [&](std::string_view element) { last = element; });
  return last;
}

}  // namespace

bool is_request_id(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  };
  return !text.empty() && text.size() <= kMaxRequestIdBytes && std::all_of(text.begin(), text.end(), allowed);
}

Request Request::from(const http::RequestHead& head, const net::Address& client) {
  using http::FieldId;
  Request request;
  request.method = head.method;
  request.method_text = head.method_text;
  request.authority = head.authority;
  request.path = head.path;
  request.query_text = head.query;
  request.has_query = head.target.size() > head.path.size();
  request.client = client;
  if (const std::string_view id = head.fields.value(FieldId::x_request_id); is_request_id(id)) request.request_id = id;
  if (const auto etags = head.fields.combined(FieldId::if_none_match)) request.if_none_match = *etags;
  request.authorization = head.fields.value(FieldId::authorization);
  request.content_type = head.fields.value(FieldId::content_type);
  request.origin = head.fields.value(FieldId::origin);
  if (head.method == http::Method::post) request.idempotency_key = head.fields.combined("Idempotency-Key");
  request.is_preflight =
      head.method == http::Method::options && head.fields.find("Access-Control-Request-Method") != nullptr;
  if (const auto addresses = head.fields.combined(FieldId::x_forwarded_for)) request.forwarded_for = *addresses;
  if (const auto hosts = head.fields.combined(FieldId::x_forwarded_host)) request.forwarded_host = last_element(*hosts);
  request.is_for_another = head.fields.has(FieldId::forwarded) || head.fields.find("X-Real-IP") != nullptr;
  if (const http::Field* site = head.fields.find("Sec-Fetch-Site")) request.fetch_site = fetch_site_of(site->value);
  if (const http::Field* mode = head.fields.find("Sec-Fetch-Mode")) request.is_navigation = mode->value == "navigate";
  if (const auto directives = head.fields.combined(FieldId::cache_control))
    request.no_cache = asks_past_caches(*directives);
  request.was_forwarded =
      head.fields.has(FieldId::via) || head.fields.has(FieldId::forwarded) || head.fields.has(FieldId::x_forwarded_for);
  request.wants_html = head.fields.value(FieldId::accept).find("text/html") != std::string_view::npos;
  return request;
}

}  // namespace roost::service
