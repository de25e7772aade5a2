#include "common/http/forwarded_for.h"

#include <algorithm>
#include <array>
#include <optional>

#include <arpa/inet.h>

namespace roost::http {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Without the port and the brackets that an element may have; empty for a bracket that is not closed.
std::string_view host_part(std::string_view element) {
  if (element.starts_with('[')) {
    const size_t end = element.find(']');
    return end == std::string_view::npos ? std::string_view() : element.substr(1, end - 1);
  }
  const size_t colon = element.find(':');
  return colon == element.rfind(':') ? element.substr(0, colon) : element;  // two colons: IPv6 by itself
}

std::optional<net::Address> address_of(std::string_view element) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::string_view host = host_part(element);
  if (host.empty() || host.size() >= text.size()) return std::nullopt;
  std::copy(host.begin(), host.end(), text.begin());
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (::inet_pton(AF_INET, text.data(), &v4.sin_addr) == 1) {
    return net::Address(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  if (::inet_pton(AF_INET6, text.data(), &v6.sin6_addr) != 1) return std::nullopt;
  return net::Address(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
}

/// The last element of a list, which is taken off.
std::optional<net::Address> take_last(std::string_view& list) {
  const size_t comma = list.rfind(',');
  const bool is_first = comma == std::string_view::npos;
  const auto address = address_of(trimmed(is_first ? list : list.substr(comma + 1)));
  list = is_first ? std::string_view() : list.substr(0, comma);
  return address;
}

}  // namespace

net::Address client_behind(const net::Address& peer, std::string_view forwarded_for, const net::NetworkSet& trusted) {
  net::Address client = peer;
  std::string_view hops = forwarded_for;
  while (!hops.empty() && trusted.contains(client)) {
    const auto address = take_last(hops);
    if (!address) break;
    client = *address;
  }
  return client;
}

std::optional<net::Address> client_in(std::string_view list, const net::NetworkSet& trusted) {
  const auto peer = take_last(list);
  return peer ? std::optional(client_behind(*peer, list, trusted)) : std::nullopt;
}

}  // namespace roost::http
