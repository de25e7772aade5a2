#include "common/service/passed_sockets.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/tcp_listener.h"

namespace roost::service {
namespace {

int option(int fd, int name) {
  int value = -1;
  socklen_t size = sizeof(value);
  return ::getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

bool is_listening_tcp(int fd) {
  const int domain = option(fd, SO_DOMAIN);
  return (domain == AF_INET || domain == AF_INET6) && option(fd, SO_TYPE) == SOCK_STREAM &&
         option(fd, SO_ACCEPTCONN) == 1;
}

}  // namespace

std::vector<size_t> share_of(uint32_t index, uint32_t threads, size_t count) {
  if (count == 0) return {};
  if (count <= threads) return {index % count};
  std::vector<size_t> share;
  for (size_t i = index; i < count; i += threads) share.push_back(i);
  return share;
}

Result<PassedSockets> PassedSockets::take(const std::vector<int>& descriptors) {
  PassedSockets passed;
  for (const int fd : descriptors) {
    if (!is_listening_tcp(fd)) return fail(fmt::format("descriptor {}, passed to listen on, is no TCP listener", fd));
    sockaddr_in6 bound{};
    socklen_t size = sizeof(bound);
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) != 0 ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
      return fail_errno(fmt::format("descriptor {}, passed to listen on", fd), errno);
    }
    net::TcpListener::set_connection_options(fd);
    passed.sockets_.push_back({fd, net::Address(reinterpret_cast<const sockaddr*>(&bound), size)});
  }
  return passed;
}

std::vector<net::Address> PassedSockets::addresses() const {
  std::vector<net::Address> each;
  for (const Socket& socket : sockets_) {
    if (std::find(each.begin(), each.end(), socket.address) == each.end()) each.push_back(socket.address);
  }
  return each;
}

bool PassedSockets::has(const net::Address& address) const {
  return std::any_of(sockets_.begin(), sockets_.end(), [&](const Socket& s) { return s.address == address; });
}

Result<std::vector<int>> PassedSockets::duplicate(const net::Address& address, uint32_t index, uint32_t threads) const {
  std::vector<int> of_address;
  for (const Socket& socket : sockets_) {
    if (socket.address == address) of_address.push_back(socket.fd);
  }
  std::vector<int> own;
  for (const size_t i : share_of(index, threads, of_address.size())) {
    const int fd = ::fcntl(of_address[i], F_DUPFD_CLOEXEC, 0);
    if (fd >= 0) {
      own.push_back(fd);
      continue;
    }
    const int error = errno;
    for (const int opened : own) ::close(opened);
    return fail_errno("listen on " + address.to_string(), error);
  }
  return own;
}

}  // namespace roost::service
