#include "proxy/limits/client_address.h"

#include <optional>
#include <string>
#include <string_view>

#include <arpa/inet.h>

namespace roost::proxy {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// "192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443".
std::optional<net::Address> address_of(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    text = text.substr(1, end - 1);
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
    text = text.substr(0, colon);
  }
  const std::string host(text);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    return net::Address(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    return net::Address(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
  }
  return std::nullopt;
}

}  // namespace

net::Address client_address(const net::Address& peer, const http::Fields& fields, const net::NetworkSet& trusted) {
  if (trusted.empty() || !trusted.contains(peer) || !fields.has(http::FieldId::x_forwarded_for)) return peer;
  const std::string list = fields.combined(http::FieldId::x_forwarded_for).value_or("");
  std::string_view rest = list;
  net::Address client = peer;
  while (!rest.empty()) {
    const size_t comma = rest.rfind(',');
    const auto named = address_of(trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1)));
    if (!named) break;
    client = *named;
    if (comma == std::string_view::npos || !trusted.contains(client)) break;
    rest = rest.substr(0, comma);
  }
  return client;
}

}  // namespace roost::proxy
