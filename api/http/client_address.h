#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/service.h"
#include "common/net/network_set.h"

namespace roost::api {

/// What a client is counted under in limits: its IPv4 address, or the /64 of its IPv6 address, all of which one client
/// can use.
struct ClientAddress {
  std::array<uint8_t, 16> bytes{};  ///< IPv4 as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2)

  bool operator==(const ClientAddress&) const = default;
  std::string_view key() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  /// "203.0.113.9", "2001:db8::".
  std::string to_string() const;
};

/// The client of a request, as http::client_behind() says.
ClientAddress client_address(const Request& request, const net::NetworkSet& trusted);

/// The set of these networks, which have been checked.
net::NetworkSet network_set(const std::vector<std::string>& networks);

}  // namespace roost::api
