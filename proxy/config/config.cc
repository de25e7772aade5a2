#include "proxy/config/config.h"

namespace roost::proxy {

std::vector<net::Address> Config::listen_addresses() const {
  std::vector<net::Address> addresses;
  const auto add = [&](const std::string& text) {
    if (const auto address = net::Address::parse_or_localhost(text)) addresses.push_back(*address);
  };
  for (const std::string& address : proxy.listen) add(address);
  for (const ListenSection& listen : listeners) add(listen.address);
  return addresses;
}

std::optional<net::Address> Config::admin_address() const {
  if (proxy.admin == "off" || !admin_socket().empty()) return std::nullopt;
  const auto address = net::Address::parse_or_localhost(proxy.admin);
  return address ? std::optional(*address) : std::nullopt;
}

}  // namespace roost::proxy
