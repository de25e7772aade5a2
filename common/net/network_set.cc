#include "common/net/network_set.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace roost::net {

namespace {

uint32_t bits_of(int family) {
  return family == AF_INET ? 32 : 128;
}

bool same_prefix(const uint8_t* a, const uint8_t* b, uint32_t bits) {
  const uint32_t whole = bits / 8;
  if (std::memcmp(a, b, whole) != 0) return false;
  const uint32_t rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

}  // namespace

Result<void> NetworkSet::add(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  Network network{AF_INET, {}, 0};
  if (inet_pton(AF_INET, host.c_str(), network.bytes.data()) != 1) {
    network.family = AF_INET6;
    if (inet_pton(AF_INET6, host.c_str(), network.bytes.data()) != 1) {
      return fail("\"" + std::string(text) + "\" is not an address or a network such as 10.0.0.0/8");
    }
  }
  network.bits = bits_of(network.family);
  if (slash != std::string_view::npos) {
    const std::string_view bits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(bits.data(), bits.data() + bits.size(), network.bits);
    if (error != std::errc() || end != bits.data() + bits.size() || network.bits > bits_of(network.family)) {
      return fail("\"" + std::string(text) + "\": the number of bits behind the slash is not one");
    }
  }
  unmap(network);
  networks_.push_back(network);
  return {};
}

// ::ffff:10.0.0.0/104 is 10.0.0.0/8: addresses have the IPv4 form (Address).
void NetworkSet::unmap(Network& network) {
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (network.family != AF_INET6 || network.bits < 96) return;
  if (!std::equal(kMapped.begin(), kMapped.end(), network.bytes.begin())) return;
  network.family = AF_INET;
  network.bits -= 96;
  std::copy(network.bytes.begin() + 12, network.bytes.end(), network.bytes.begin());
}

bool NetworkSet::contains(const Address& address) const {
  if (networks_.empty()) return false;
  const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.raw());
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address.raw());
  const int family = address.family();
  const uint8_t* bytes = nullptr;
  if (family == AF_INET) {
    bytes = reinterpret_cast<const uint8_t*>(&v4->sin_addr);
  } else if (family == AF_INET6) {
    bytes = v6->sin6_addr.s6_addr;
  } else {
    return false;
  }
  for (const Network& network : networks_) {
    if (network.family == family && same_prefix(network.bytes.data(), bytes, network.bits)) return true;
  }
  return false;
}

}  // namespace roost::net
