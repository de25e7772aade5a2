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
  /// The error never holds any part of the URL, which may be a password.
  static Result<PgTarget> parse(const std::string& url);

  /// "host:port/database", for people and logs: no user, no password.
  const std::string& name() const { return name_; }
  /// Host names that a look-up is needed for before libpq may connect without blocking: none where addresses or sockets
  /// are named. In the order of the URL.
  const std::vector<net::HostPort>& lookups() const { return lookups_; }
  /// Whether there is something to connect to when no look-up has found anything.
  bool has_host_without_lookup() const;
  /// Keywords and values for PQconnectStartParams. `addresses` has one list per look-up, empty for a name that is not
  /// known, which is then left out; or there are none at all: then libpq looks up itself, and blocks. Of several hosts
  /// the one at `first_host`, counted round and round, stands first and those before it last: libpq itself waits for a
  /// silent one for ever.
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

/// The URL without its password: "postgres://user:***@host/database". For what is printed.
std::string without_password(std::string_view url);

}  // namespace roost::api
