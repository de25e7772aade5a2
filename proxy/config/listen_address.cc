#include "proxy/config/listen_address.h"

#include <fmt/format.h>

namespace roost::proxy {

Result<net::Address> parse_listen_address(std::string_view text) {
  constexpr std::string_view kLocalhost = "localhost:";
  if (!text.starts_with(kLocalhost)) return net::Address::parse(text);
  return net::Address::parse(fmt::format("127.0.0.1:{}", text.substr(kLocalhost.size())));
}

std::string check_listen_address(std::string_view text) {
  const auto address = parse_listen_address(text);
  return address ? "" : address.error().what;
}

}  // namespace roost::proxy
