#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <sys/socket.h>

#include "common/base/result.h"

namespace roost::net {

/// An IPv4 or IPv6 address and port.
class Address {
 public:
  Address() = default;
  /// An IPv4 address in IPv6 form (::ffff:192.0.2.1, a client of an [::] listener) becomes the IPv4 address.
  Address(const sockaddr* address, socklen_t size);
  /// "127.0.0.1:8080", "[::1]:8080", ":8080" (all IPv4 interfaces), "*:8080". A name is an error here: see HostPort.
  static Result<Address> parse(std::string_view text);
  /// The same where one address is wanted, to listen on or of a listener: "localhost:8080" is 127.0.0.1 (RFC 6761
  /// §6.3). As the name of a backend localhost is looked up, since it may be ::1.
  static Result<Address> parse_or_localhost(std::string_view text);

  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t raw_size() const { return size_; }
  int family() const { return storage_.any.sa_family; }
  uint16_t port() const;
  void set_port(uint16_t port);
  /// Without the port: "127.0.0.1", "::1".
  std::string host() const;
  /// "127.0.0.1:8080", "[::1]:8080".
  std::string to_string() const;
  bool is_loopback() const;
  bool operator==(const Address& other) const;

 private:
  union Storage {  // not sockaddr_storage: one of these stands in every connection
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  };
  Storage storage_{.v6 = {}};
  socklen_t size_ = 0;
};

/// A host as a person writes it: a name or an address, and a port.
struct HostPort {
  std::string host;  ///< "db.internal", "127.0.0.1", "::1"
  uint16_t port = 0;
  /// "name:port", "1.2.3.4:port", "[::1]:port". An empty host, a missing port or one outside 1–65535 is an error.
  static Result<HostPort> parse(std::string_view text);
  std::string to_string() const;
  bool operator==(const HostPort&) const = default;
};

}  // namespace roost::net
