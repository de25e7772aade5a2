#include "api/http/client_address.h"

#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include <arpa/inet.h>
#include <fmt/core.h>

#include "common/http/fields.h"

namespace roost::api {
namespace {

/// An element of X-Forwarded-For, with or without a port.
std::optional<net::Address> parse_forwarded(std::string_view text) {
  const bool bare_v6 = text.find(':') != text.rfind(':') && !text.starts_with('[');
  const bool with_port = !bare_v6 && text.find(':') != std::string_view::npos && !text.ends_with(']');
  const auto address = net::Address::parse(with_port ? std::string(text)
                                           : bare_v6 ? fmt::format("[{}]:1", text)
                                                     : fmt::format("{}:1", text));
  if (!address || text.starts_with(':') || text.starts_with('*')) return std::nullopt;
  return *address;
}

std::string counted_as(const net::Address& address) {
  if (address.family() != AF_INET6) return address.host();
  in6_addr network = reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr;
  if (!IN6_IS_ADDR_V4MAPPED(&network)) std::memset(network.s6_addr + 8, 0, 8);
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, &network, text.data(), text.size());
  return text.data();
}

}  // namespace

std::string client_address(const Request& request, const net::NetworkSet& trusted) {
  net::Address client = request.client;
  if (!trusted.contains(client)) return counted_as(client);
  std::vector<std::string_view> hops;
  http::for_each_list_element(request.forwarded_for, [&](std::string_view hop) { hops.push_back(hop); });
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const auto address = parse_forwarded(*hop);
    if (!address) break;
    client = *address;
    if (!trusted.contains(client)) break;
  }
  return counted_as(client);
}

}  // namespace roost::api
