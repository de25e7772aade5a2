#include "proxy/fetching/forwarded_head.h"

#include <algorithm>
#include <optional>

namespace roost::proxy {

using http::Field;
using http::FieldBlock;
using http::FieldId;

namespace {

/// `name: <previous value>, <last>`.
void add_appended(FieldBlock& out, std::string_view name, const std::optional<std::string>& had, std::string_view last,
                  std::string_view behind_last = {}) {
  if (!had || had->empty()) return out.add(name, {last, behind_last});
  out.add(name, {*had, ", ", last, behind_last});
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

void add_forwarding_fields(const http::RequestHead& head, const Origin& origin, FieldBlock& out) {
  const auto said = [&](FieldId id) -> std::optional<std::string> {
    return origin.trusted && head.fields.has(id) ? head.fields.combined(id) : std::nullopt;
  };
  add_appended(out, "X-Forwarded-For", said(FieldId::x_forwarded_for), origin.client);
  const auto proto = said(FieldId::x_forwarded_proto);
  out.add("X-Forwarded-Proto", proto && !proto->empty() ? std::string_view(*proto) : origin.scheme);
  const auto host = said(FieldId::x_forwarded_host);
  out.add("X-Forwarded-Host", host && !host->empty() ? std::string_view(*host) : head.authority);
  out.add("X-Request-Id", origin.request_id);
}

bool is_visible(char c) {
  return c > ' ' && c < 0x7f;
}

}  // namespace

void forward_request_fields(const http::RequestHead& head, const Origin& origin, ForwardPurpose purpose,
                            FieldBlock& out) {
  out.clear();
  out.add("Host", head.authority);
  const http::HopByHopFields hop_by_hop(head.fields);
  for (const Field& field : head.fields) {
    if (is_replaced(field.id) || hop_by_hop.contains(field)) continue;
    if (purpose != ForwardPurpose::pass && is_cache_directive(field.id)) continue;
    if (purpose == ForwardPurpose::shared && is_range_or_condition(field.id)) continue;
    out.add(field.name, field.value);
  }
  add_appended(out, "Via", head.fields.has(FieldId::via) ? head.fields.combined(FieldId::via) : std::nullopt,
               head.protocol, " roost");
  add_forwarding_fields(head, origin, out);
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
  add_appended(out, "Via", head.fields.has(FieldId::via) ? head.fields.combined(FieldId::via) : std::nullopt,
               head.protocol, " roost");
}

std::string_view request_id_of(const http::RequestHead& head, bool trusted, Random& random, std::string& storage) {
  const std::string_view given = trusted ? head.fields.value(FieldId::x_request_id) : std::string_view();
  if (!given.empty() && given.size() <= kMaxRequestIdBytes && std::all_of(given.begin(), given.end(), is_visible)) {
    return given;
  }
  constexpr char kHex[] = "0123456789abcdef";
  storage.clear();
  for (int half = 0; half < 2; ++half) {
    uint64_t bits = random.next();
    for (size_t i = 0; i < kRequestIdBytes / 2; ++i, bits >>= 4) storage.push_back(kHex[bits & 15]);
  }
  return storage;
}

}  // namespace roost::proxy
