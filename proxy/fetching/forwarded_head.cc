#include "proxy/fetching/forwarded_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "common/http/uri.h"

namespace roost::proxy {

using http::Field;
using http::FieldBlock;
using http::FieldId;
using namespace std::string_view_literals;

namespace {

/// `name: <previous value>, <last>`.
void add_appended(FieldBlock& out, std::string_view name, const std::optional<std::string>& had,
                  std::string_view last) {
  if (!had || had->empty()) return out.add(name, last);
  out.add(name, {*had, ", ", last});
}

constexpr std::string_view kViaName = " roost";

/// `mark`: a comment behind this proxy's name; may be empty.
void add_via(const http::Fields& had, std::string_view protocol, std::string_view mark, FieldBlock& out) {
  const auto value = had.has(FieldId::via) ? had.combined(FieldId::via) : std::nullopt;
  const bool first = !value || value->empty();
  out.add("Via", {first ? ""sv : std::string_view(*value), first ? ""sv : ", "sv, protocol, kViaName,
                  mark.empty() ? ""sv : " "sv, mark});
}

/// Set by the proxy, whatever the client sent.
bool is_replaced(FieldId id) {
  switch (id) {
    case FieldId::host:
    case FieldId::via:
    case FieldId::expect:  // answered by the client's connection; the backend's knows its own
    case FieldId::forwarded:
    case FieldId::x_forwarded_for:
    case FieldId::x_forwarded_proto:
    case FieldId::x_forwarded_host:
    case FieldId::x_request_id:
      return true;
    default:
      return false;
  }
}

bool is_cache_directive(FieldId id) {
  return id == FieldId::cache_control || id == FieldId::pragma;
}

/// Would make a fetch for the cache partial or conditional.
bool is_range_or_condition(FieldId id) {
  switch (id) {
    case FieldId::range:
    case FieldId::if_range:
    case FieldId::if_match:
    case FieldId::if_none_match:
    case FieldId::if_modified_since:
    case FieldId::if_unmodified_since:
      return true;
    default:
      return false;
  }
}

// Fields that name a client or what it asked for, beside X-Forwarded-*: for a proxy to set and for a backend to
// believe.
constexpr std::array<std::string_view, 13> kProxyFields = {
    "x-real-ip",        "x-client-ip",     "x-cluster-client-ip",     "true-client-ip", "cf-connecting-ip",
    "fastly-client-ip", "x-original-url",  "x-original-host",         "x-rewrite-url",  "x-scheme",
    "x-url-scheme",     "front-end-https", "x-envoy-external-address"};

/// Whether only a proxy may have set the field. Such fields have no FieldId but those that are replaced.
bool is_for_proxies(const Field& field) {
  if (field.id != FieldId::other) return false;
  const std::string_view name = field.name;
  if (name.find('_') != std::string_view::npos) return true;
  const auto is = [name](std::string_view known) { return http::equals_ignore_case(name, known); };
  constexpr std::string_view kForwarded = "x-forwarded-";
  switch (name.front() | 0x20) {
    case 'x':
      if (http::equals_ignore_case(name.substr(0, kForwarded.size()), kForwarded)) return true;
      [[fallthrough]];
    case 't':
    case 'c':
    case 'f':
      return std::any_of(kProxyFields.begin(), kProxyFields.end(), is);
    default:
      return false;
  }
}

/// Max-Forwards, counted down. False when it is not that field.
bool add_counted_down(const http::RequestHead& head, const Field& field, FieldBlock& out) {
  if (field.id != FieldId::other || !http::equals_ignore_case(field.name, "max-forwards")) return false;
  const MaxForwards most = max_forwards_of(head);
  if (most.kind != MaxForwards::Kind::number || most.number == 0) return false;
  out.add(field.name, most.number - 1);
  return true;
}

/// A proxy on this host that is not trusted, or did not say for whom it asks: what it forwards is not this host's own
/// request, though its address says so. RFC 7239 §6.2 has a word for that.
/// `names_client`: some field of it is_for_proxies().
bool forwards_for_unknown(const http::RequestHead& head, const Origin& origin, bool names_client) {
  if (!origin.client.starts_with("127.") && origin.client != "::1") return false;
  if (head.fields.has(FieldId::x_forwarded_for)) return !origin.trusted;
  return names_client || head.fields.has(FieldId::x_forwarded_proto) || head.fields.has(FieldId::x_forwarded_host) ||
         head.fields.has(FieldId::forwarded);
}

void add_forwarding_fields(const http::RequestHead& head, const Origin& origin, std::string_view own_host,
                           bool names_client, FieldBlock& out) {
  const auto said = [&](FieldId id) -> std::optional<std::string> {
    return origin.trusted && head.fields.has(id) ? head.fields.combined(id) : std::nullopt;
  };
  add_appended(out, "X-Forwarded-For", said(FieldId::x_forwarded_for), origin.client);
  // The scheme and host that the cache key has.
  out.add("X-Forwarded-Proto", origin.scheme);
  out.add("X-Forwarded-Host", own_host);
  if (forwards_for_unknown(head, origin, names_client)) out.add("Forwarded", "for=unknown");
  out.add("X-Request-Id", origin.request_id);
}

bool is_visible(char c) {
  return c > ' ' && c < 0x7f;
}

}  // namespace

void forward_request_fields(const http::RequestHead& head, const Origin& origin, ForwardPurpose purpose,
                            FieldBlock& out) {
  out.clear();
  std::string storage;
  const std::string_view host = http::normal_authority(origin.scheme, head.authority, storage);
  out.add("Host", host);
  bool names_client = false;
  const http::HopByHopFields hop_by_hop(head.fields);
  for (const Field& field : head.fields) {
    const bool for_proxies = is_for_proxies(field);
    names_client = names_client || for_proxies;
    if (is_replaced(field.id) || hop_by_hop.contains(field)) continue;
    if (for_proxies && !origin.trusted) continue;
    if (counts_hops(head.method) && add_counted_down(head, field, out)) continue;
    if (purpose != ForwardPurpose::pass && is_cache_directive(field.id)) continue;
    if (purpose == ForwardPurpose::shared && is_range_or_condition(field.id)) continue;
    out.add(field.name, field.value);
  }
  add_via(head.fields, head.protocol, origin.via_mark, out);
  add_forwarding_fields(head, origin, host, names_client, out);
}

bool comes_back(const http::RequestHead& head, std::string_view via_mark) {
  size_t hops = 0;
  for (const Field& field : head.fields) {
    if (field.id != FieldId::via) continue;
    if (!via_mark.empty() && field.value.find(via_mark) != std::string_view::npos) return true;
    for (size_t at = 0; (at = field.value.find(kViaName, at)) != std::string_view::npos; ++at) ++hops;
  }
  return hops >= kMaxHops;
}

MaxForwards max_forwards_of(const http::RequestHead& head) {
  MaxForwards most;
  if (!counts_hops(head.method)) return most;
  const Field* field = head.fields.find("Max-Forwards");
  if (field == nullptr) return most;
  const char* end = field->value.data() + field->value.size();
  const auto [rest, error] = std::from_chars(field->value.data(), end, most.number);
  const bool is_number = !field->value.empty() && error == std::errc() && rest == end;
  most.kind = is_number ? MaxForwards::Kind::number : MaxForwards::Kind::malformed;
  return most;
}

bool has_range_or_condition(const http::RequestHead& head) {
  return std::any_of(head.fields.begin(), head.fields.end(),
                     [](const Field& field) { return is_range_or_condition(field.id); });
}

bool withholds_fields(const http::RequestHead& head) {
  if (!head.fields.has(FieldId::connection)) return false;
  const http::HopByHopFields hop_by_hop(head.fields);
  return std::any_of(head.fields.begin(), head.fields.end(), [&](const Field& field) {
    return hop_by_hop.names(field) && !is_replaced(field.id) && !hop_by_hop.is_always_hop_by_hop(field.id);
  });
}

void forward_response_fields(const http::ResponseHead& head, std::string_view now_date, FieldBlock& out) {
  out.clear();
  const http::HopByHopFields hop_by_hop(head.fields);
  for (const Field& field : head.fields) {
    if (field.id == FieldId::via || field.id == FieldId::age || field.id == FieldId::x_request_id) continue;
    if (hop_by_hop.contains(field)) continue;
    out.add(field.name, field.value);
  }
  if (!head.fields.has(FieldId::date)) out.add("Date", now_date);
  add_via(head.fields, head.protocol, {}, out);
}

void forward_informational_fields(const http::ResponseHead& head, FieldBlock& out) {
  out.clear();
  const http::HopByHopFields hop_by_hop(head.fields);
  for (const Field& field : head.fields) {
    if (!hop_by_hop.contains(field)) out.add(field.name, field.value);
  }
}

std::string_view given_request_id(const http::RequestHead& head, bool trusted) {
  if (!trusted || !head.fields.has(FieldId::x_request_id)) return {};
  const std::string_view given = head.fields.value(FieldId::x_request_id);
  const bool usable = given.size() <= kMaxRequestIdBytes && std::all_of(given.begin(), given.end(), is_visible);
  return usable ? given : std::string_view();
}

}  // namespace roost::proxy
