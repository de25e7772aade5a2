#pragma once

#include <cstdint>
#include <cstring>

#include <netinet/in.h>

#include "common/net/address.h"

namespace roost::proxy {

/// The client that an address stands for, where clients are counted: an IPv4 address, or the /64 network of an IPv6
/// address, which is the least that one subscriber has (RFC 6177). IPv4 on an IPv6 listener (::ffff:a.b.c.d) is IPv4.
/// Unequal clients have unequal keys, but that IPv4 takes the place of networks that are never assigned (0:0::/32).
inline uint64_t address_key(const net::Address& address) {
  uint64_t key = 0;
  if (address.family() == AF_INET) {
    return ntohl(reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr.s_addr);
  }
  if (address.family() != AF_INET6) return UINT64_MAX;
  const in6_addr& v6 = reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) {
    uint32_t v4 = 0;
    std::memcpy(&v4, v6.s6_addr + 12, sizeof(v4));
    return ntohl(v4);
  }
  for (int i = 0; i < 8; ++i) key = key << 8 | v6.s6_addr[i];
  return key;
}

}  // namespace roost::proxy
