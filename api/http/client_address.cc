#include "api/http/client_address.h"

#include <cstring>

#include <arpa/inet.h>

#include "common/base/check.h"
#include "common/http/forwarded_for.h"

namespace roost::api {
namespace {

constexpr size_t kV4Prefix = 12;  // ::ffff: before the four bytes
constexpr size_t kNetworkBytes = 8;

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
  return counted_as(http::client_behind(request.client, request.forwarded_for, trusted));
}

net::NetworkSet network_set(const std::vector<std::string>& networks) {
  net::NetworkSet set;
  for (const std::string& network : networks) ROOST_CHECK(set.add(network));
  return set;
}

}  // namespace roost::api
