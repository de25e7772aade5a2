#include "common/net/address.h"

#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>

namespace roost::net {
namespace {

Result<uint16_t> parse_port(std::string_view text, uint32_t lowest, std::string_view whole) {
  uint32_t port = 0;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || rest != text.data() + text.size() || port < lowest || port > 65535) {
    return fail(fmt::format("\"{}\": expected a port between {} and 65535 behind the last colon", whole, lowest));
  }
  return static_cast<uint16_t>(port);
}

struct Split {
  std::string_view host;
  std::string_view port;
};

Result<Split> split(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return fail(fmt::format("\"{}\": expected HOST:PORT", text));
  std::string_view host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return fail(fmt::format("\"{}\": an IPv6 address is written in brackets, as in [::1]:8080", text));
  }
  return Split{host, text.substr(colon + 1)};
}

}  // namespace

Address::Address(const sockaddr* address, socklen_t size) {
  size_ = size <= sizeof(storage_) ? size : static_cast<socklen_t>(sizeof(storage_));
  std::memcpy(&storage_, address, size_);
  if (family() != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&storage_.v6.sin6_addr)) return;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = storage_.v6.sin6_port;
  std::memcpy(&v4.sin_addr, storage_.v6.sin6_addr.s6_addr + 12, sizeof(v4.sin_addr));
  storage_.v4 = v4;
  size_ = sizeof(v4);
}

Result<Address> Address::parse(std::string_view text) {
  auto parts = split(text);
  if (!parts) return tl::unexpected(parts.error());
  auto port = parse_port(parts->port, 0, text);
  if (!port) return tl::unexpected(port.error());
  const std::string host(parts->host.empty() || parts->host == "*" ? std::string_view("0.0.0.0") : parts->host);
  sockaddr_in v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(*port);
    return Address(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4));
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(*port);
    return Address(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6));
  }
  return fail(fmt::format("\"{}\": expected an IP address and a port, as in 127.0.0.1:8080 or [::1]:8080", text));
}

Result<Address> Address::parse_or_localhost(std::string_view text) {
  constexpr std::string_view kLocalhost = "localhost:";
  if (text.starts_with(kLocalhost)) {
    if (auto parsed = parse(fmt::format("127.0.0.1:{}", text.substr(kLocalhost.size())))) return parsed;
  }
  return parse(text);  // whose error quotes what was written
}

uint16_t Address::port() const {
  if (family() == AF_INET) return ntohs(storage_.v4.sin_port);
  if (family() == AF_INET6) return ntohs(storage_.v6.sin6_port);
  return 0;
}

void Address::set_port(uint16_t port) {
  if (family() == AF_INET) storage_.v4.sin_port = htons(port);
  if (family() == AF_INET6) storage_.v6.sin6_port = htons(port);
}

// IPv4 by hand: every forwarded request needs it, and inet_ntop takes some 2,000 instructions.
std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    const uint32_t bits = ntohl(storage_.v4.sin_addr.s_addr);
    char* to = text;
    for (const int shift : {24, 16, 8, 0}) {
      to = std::to_chars(to, to + 3, bits >> shift & 0xff).ptr;
      *to++ = '.';
    }
    return {text, to - 1};
  }
  if (family() == AF_INET6) inet_ntop(AF_INET6, &storage_.v6.sin6_addr, text, sizeof(text));
  return text;
}

std::string Address::to_string() const {
  if (size_ == 0) return "none";
  return family() == AF_INET6 ? fmt::format("[{}]:{}", host(), port()) : fmt::format("{}:{}", host(), port());
}

bool Address::is_loopback() const {
  if (family() == AF_INET) return (ntohl(storage_.v4.sin_addr.s_addr) >> 24) == 127;
  return family() == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&storage_.v6.sin6_addr);
}

bool Address::operator==(const Address& other) const {
  if (family() != other.family() || port() != other.port()) return false;
  if (family() == AF_INET) return storage_.v4.sin_addr.s_addr == other.storage_.v4.sin_addr.s_addr;
  return family() != AF_INET6 || (IN6_ARE_ADDR_EQUAL(&storage_.v6.sin6_addr, &other.storage_.v6.sin6_addr) != 0 &&
                                  storage_.v6.sin6_scope_id == other.storage_.v6.sin6_scope_id);
}

Result<HostPort> HostPort::parse(std::string_view text) {
  auto parts = split(text);
  if (!parts) return tl::unexpected(parts.error());
  if (parts->host.empty()) return fail(fmt::format("\"{}\": the host is missing; expected HOST:PORT", text));
  auto port = parse_port(parts->port, 1, text);
  if (!port) return tl::unexpected(port.error());
  return HostPort{std::string(parts->host), *port};
}

std::string HostPort::to_string() const {
  return host.find(':') != std::string::npos ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace roost::net
