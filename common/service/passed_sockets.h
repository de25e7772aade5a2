#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/net/address.h"

namespace roost::service {

/// Which of `count` sockets of one address are accepted from by thread `index` of `threads`: every socket belongs to a
/// thread, and every thread has one; fewer sockets than threads are shared. Pure.
std::vector<size_t> share_of(uint32_t index, uint32_t threads, size_t count);

/// Listening TCP sockets that a service manager opened before the program started, and keeps open after it has ended:
/// connections wait in their backlog meanwhile. Filled at the start, read-only afterwards.
class PassedSockets {
 public:
  PassedSockets() = default;
  /// Takes over descriptors, which are made non-blocking and closed on exec. The error names one that is no listening
  /// TCP socket. They stay open as long as the process runs.
  static Result<PassedSockets> take(const std::vector<int>& descriptors);

  bool empty() const { return sockets_.empty(); }
  /// Each address once, in the order they were passed.
  std::vector<net::Address> addresses() const;
  bool has(const net::Address& address) const;
  /// New descriptors for the sockets of `address` that thread `index` of `threads` accepts from; see share_of(). None
  /// if it was not passed.
  Result<std::vector<int>> duplicate(const net::Address& address, uint32_t index, uint32_t threads) const;

 private:
  struct Socket {
    int fd;
    net::Address address;
  };
  std::vector<Socket> sockets_;
};

}  // namespace roost::service
