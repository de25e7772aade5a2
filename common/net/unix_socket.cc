#include "common/net/unix_socket.h"

#include <cerrno>
#include <cstring>

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/check.h"

namespace roost::net {
namespace {

constexpr int kBacklog = 128;

/// A descriptor that is closed unless it is taken.
class Socket {
 public:
  Socket() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }
  int take() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ROOST_CHECK(path.size() <= kMaxSocketPathBytes);
  path.copy(address.sun_path, path.size());
  return address;
}

const sockaddr* raw(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Whether the path is a socket that nobody listens on.
bool is_abandoned(const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return false;
  const Socket client;
  return client.fd() >= 0 && ::connect(client.fd(), raw(address), sizeof(address)) != 0 && errno == ECONNREFUSED;
}

}  // namespace

Result<int> listen_on_path(const std::string& path) {
  const sockaddr_un address = address_of(path);
  if (is_abandoned(address)) ::unlink(address.sun_path);
  Socket socket;
  // Before bind(): the file gets the mode of the socket, so that nobody else can connect at any time.
  if (socket.fd() >= 0 && ::fchmod(socket.fd(), S_IRUSR | S_IWUSR) == 0 &&
      ::bind(socket.fd(), raw(address), sizeof(address)) == 0 && ::listen(socket.fd(), kBacklog) == 0) {
    return socket.take();
  }
  if (errno == EADDRINUSE)
    return fail(fmt::format("listen on unix:{}: the path is in use, or no socket", path), Side::internal, false, errno);
  return fail_errno("listen on unix:" + path, errno);
}

}  // namespace roost::net
