#pragma once

#include <cerrno>

namespace roost::net {

/// Whether an errno of a socket says that this machine lacks something (descriptors, memory, ports) or forbids it,
/// rather than something about the peer.
constexpr bool is_local_error(int code) {
  switch (code) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRNOTAVAIL:
    case EAGAIN:
    case EPERM:
    case EACCES:
      return true;
    default:
      return false;
  }
}

}  // namespace roost::net
