#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/net/address.h"

namespace roost::net {

/// A set of networks, such as those whose forwarding fields (X-Forwarded-*) are believed. Any thread once it is filled.
class NetworkSet {
 public:
  /// "10.0.0.0/8", "::1/128", "192.0.2.7" (that one address).
  Result<void> add(std::string_view network);
  bool contains(const Address& address) const;
  bool empty() const { return networks_.empty(); }

 private:
  struct Network {
    int family;
    std::array<uint8_t, 16> bytes;
    uint32_t bits;
  };
  static void unmap(Network& network);

  std::vector<Network> networks_;
};

}  // namespace roost::net
