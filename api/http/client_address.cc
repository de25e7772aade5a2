#include "api/http/client_address.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <arpa/inet.h>

#include "common/base/check.h"

namespace roost::api {
namespace {

constexpr size_t kV4Prefix = 12;  // ::ffff: before the four bytes
constexpr size_t kNetworkBytes = 8;

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// The address of an element of X-Forwarded-For: without the port and the brackets that it may have.
std::string_view host_part(std::string_view element) {
  if (element.starts_with('[')) return element.substr(1, element.find(']') - 1);
  const size_t colon = element.find(':');
  return colon == element.rfind(':') ? element.substr(0, colon) : element;  // two colons: IPv6 by itself
}

std::optional<net::Address> parse_forwarded(std::string_view element) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::string_view host = host_part(element);
  if (host.empty() || host.size() >= text.size()) return std::nullopt;
  std::copy(host.begin(), host.end(), text.begin());
  sockaddr_in v4{};
  if (::inet_pton(AF_INET, text.data(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    return net::Address(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  }
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET6, text.data(), &v6.sin6_addr) != 1) return std::nullopt;
  v6.sin6_family = AF_INET6;
  return net::Address(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
}

ClientAddress counted_as(const net::Address& address) {
  ClientAddress client;
  if (address.family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr;
    client.bytes[kV4Prefix - 2] = client.bytes[kV4Prefix - 1] = 0xff;
    std::memcpy(client.bytes.data() + kV4Prefix, &v4, sizeof(v4));
  } else if (address.family() == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr;
    std::memcpy(client.bytes.data(), &v6, IN6_IS_ADDR_V4MAPPED(&v6) ? sizeof(v6) : kNetworkBytes);
  }
  return client;
}

}  // namespace

std::string ClientAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  in6_addr v6{};
  std::memcpy(&v6, bytes.data(), bytes.size());
  const bool is_v4 = IN6_IS_ADDR_V4MAPPED(&v6) != 0;
  ::inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes.data() + (is_v4 ? kV4Prefix : 0), text.data(), text.size());
  return text.data();
}

ClientAddress client_address(const Request& request, const net::NetworkSet& trusted) {
  net::Address client = request.client;
  std::string_view hops = request.forwarded_for;
  while (!hops.empty() && trusted.contains(client)) {
    const size_t comma = hops.rfind(',');
    const bool is_first = comma == std::string_view::npos;
    const std::string_view hop = trimmed(is_first ? hops : hops.substr(comma + 1));
    hops = is_first ? std::string_view() : hops.substr(0, comma);
    if (hop.empty()) continue;
    const auto address = parse_forwarded(hop);
    if (!address) break;
    client = *address;
  }
  return counted_as(client);
}

net::NetworkSet network_set(const std::vector<std::string>& networks) {
  net::NetworkSet set;
  for (const std::string& network : networks) ROOST_CHECK(set.add(network));
  return set;
}

}  // namespace roost::api
