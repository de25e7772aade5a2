#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/net/address.h"

namespace roost::api {

/// Where a PostgreSQL is and how to log in to it, from a URL as libpq reads it
/// (`postgres://user:password@host:port/database?sslmode=require`; several hosts, service files and PG… variables
/// included).
class PgTarget {
 public:
  /// The error never quotes the URL, which may hold a password.
  static Result<PgTarget> parse(const std::string& url);

  /// "host:port/database", for messages and logs: no user, no password.
  const std::string& name() const { return name_; }
  /// Host names to resolve before libpq can connect without blocking, in the order of the URL; addresses and sockets
  /// need none.
  const std::vector<net::HostPort>& lookups() const { return lookups_; }
  /// Whether there is a host to connect to even if no name resolves.
  bool has_host_without_lookup() const;
  /// Keywords and values for PQconnectStartParams. `addresses` has one list per name to resolve, empty for an unknown
  /// name, whose host is left out; without any lists libpq resolves itself, and blocks. Hosts are rotated so that the
  /// one at `first_host` (modulo their number) comes first, since libpq waits forever for a host that does not answer.
  std::vector<std::pair<std::string, std::string>> settings(const std::vector<std::vector<net::Address>>& addresses,
                                                            size_t first_host = 0) const;

 private:
  struct Place {
    std::string host;
    std::string number;  ///< its address, if known
    std::string port;
  };
  bool has(std::string_view keyword) const;
  std::vector<Place> places(const std::vector<std::vector<net::Address>>& addresses) const;
  std::string name_;
  std::vector<std::pair<std::string, std::string>> given_;
  std::vector<net::HostPort> lookups_;
};

/// The URL with its password masked, for printing: "postgres://user:***@host/database".
std::string without_password(std::string_view url);

}  // namespace roost::api
