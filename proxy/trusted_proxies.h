#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/net/address.h"

namespace roost::proxy {

/// The networks whose forwarding fields (X-Forwarded-*, X-Request-Id) are believed; everybody else's are replaced.
/// Immutable after the start; any thread.
class TrustedProxies {
 public:
  /// "10.0.0.0/8", "::1/128", "192.0.2.7" (that one address).
  Result<void> add(std::string_view network);
  bool contains(const net::Address& address) const;
  bool empty() const { return networks_.empty(); }

 private:
  struct Network {
    int family;
    std::array<uint8_t, 16> bytes;
    uint32_t bits;
  };
  std::vector<Network> networks_;
};

}  // namespace roost::proxy
