#include "common/net/tcp_listener.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "common/base/check.h"
#include "common/net/tcp_stream.h"
#include "common/net/timer.h"

namespace roost::net {
namespace {

constexpr int64_t kAcceptPauseMs = 100;  // after running out of file descriptors

/// The inode of the socket that listens on `port`, from /proc/net/tcp and tcp6; 0 when there is none.
uint64_t listening_inode(uint16_t port) {
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream lines(table);
    std::string line;
    while (std::getline(lines, line)) {
      char local[64] = "";
      unsigned state = 0;
      unsigned long inode = 0;
      const int found = std::sscanf(line.c_str(), " %*u: %63s %*s %x %*s %*s %*s %*u %*u %lu", local, &state, &inode);
      const std::string text(local);
      const size_t colon = text.rfind(':');
      constexpr unsigned kListen = 0x0a;
      if (found != 3 || state != kListen || colon == std::string::npos) continue;
      if (std::stoul(text.substr(colon + 1), nullptr, 16) == port) return inode;
    }
  }
  return 0;
}

bool holds_socket(const std::string& fd_folder, const std::string& wanted) {
  DIR* folder = opendir(fd_folder.c_str());
  if (folder == nullptr) return false;
  bool found = false;
  while (const dirent* entry = readdir(folder)) {
    char target[64] = "";
    const std::string link = fd_folder + "/" + entry->d_name;
    if (readlink(link.c_str(), target, sizeof(target) - 1) > 0 && wanted == target) found = true;
  }
  closedir(folder);
  return found;
}

/// "held by nginx, pid 1234", as far as /proc tells this user; else "held by another process".
std::string holder_of(uint16_t port) {
  const std::string wanted = fmt::format("socket:[{}]", listening_inode(port));
  std::string holder = "held by another process";
  DIR* processes = opendir("/proc");
  if (processes == nullptr) return holder;
  while (const dirent* entry = readdir(processes)) {
    const std::string pid = entry->d_name;
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!holds_socket("/proc/" + pid + "/fd", wanted)) continue;
    std::string name;
    std::getline(std::ifstream("/proc/" + pid + "/comm"), name);
    holder = fmt::format("held by {}, pid {}", name, pid);
    break;
  }
  closedir(processes);
  return holder;
}

tl::unexpected<Error> listen_error(const Address& address, int error) {
  if (error == EADDRINUSE) {
    return fail(fmt::format("listen on {}: the port is in use ({})", address.to_string(), holder_of(address.port())),
                Side::internal, false, error);
  }
  return fail_errno("listen on " + address.to_string(), error);
}

/// A bound socket that does not listen yet.
Result<int> bind_socket(const Address& address, bool reuse_port) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail_errno("socket", errno);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (::bind(fd, address.raw(), address.raw_size()) != 0) {
    const int error = errno;
    ::close(fd);
    return listen_error(address, error);
  }
  return fd;
}

}  // namespace

struct TcpListener::Impl {
  Impl(EventLoop& l, OnAccept callback)
      : loop(l), on_accept(std::move(callback)), retry(Timer::of<&Impl::resume>(l.timers(), this)) {}
  void on_connection(int status);
  void resume() {
    paused = false;
    on_connection(0);
  }

  EventLoop& loop;
  OnAccept on_accept;
  Timer retry;
  uv_tcp_t handle{};
  bool paused = false;
};

void TcpListener::Impl::on_connection(int status) {
  loop.observe_time();
  if (paused) return;  // libuv keeps one accepted socket and stops polling until it is taken
  if (status < 0) {
    // Out of file descriptors, most likely: the connections wait in the backlog for a moment instead of burning the
    // CPU.
    paused = true;
    retry.start_ms(kAcceptPauseMs);
    return;
  }
  StreamPtr stream = TcpStream::accept(loop, reinterpret_cast<uv_stream_t*>(&handle));
  if (stream != nullptr) on_accept(std::move(stream));
}

Result<void> TcpListener::probe(const Address& address) {
  if (address.port() == 0) return {};
  auto fd = bind_socket(address, false);
  if (!fd) return tl::unexpected(fd.error());
  const int error = ::listen(*fd, 1) == 0 ? 0 : errno;
  ::close(*fd);
  if (error != 0) return listen_error(address, error);
  return {};
}

Result<std::unique_ptr<TcpListener>> TcpListener::listen(EventLoop& loop, const Address& address, Options options,
                                                         OnAccept on_accept) {
  auto fd = bind_socket(address, options.reuse_port);
  if (!fd) return tl::unexpected(fd.error());
  std::unique_ptr<Impl, void (*)(Impl*)> impl(new Impl(loop, std::move(on_accept)), [](Impl* dying) {
    dying->retry.stop();
    uv_close(reinterpret_cast<uv_handle_t*>(&dying->handle),
             [](uv_handle_t* handle) { delete static_cast<Impl*>(handle->data); });
  });
  ROOST_CHECK(uv_tcp_init(loop.raw(), &impl->handle) == 0);
  impl->handle.data = impl.get();
  int error = uv_tcp_open(&impl->handle, *fd);
  if (error != 0) ::close(*fd);
  if (error == 0) {
    error = uv_listen(reinterpret_cast<uv_stream_t*>(&impl->handle), options.backlog,
                      [](uv_stream_t* server, int status) { static_cast<Impl*>(server->data)->on_connection(status); });
  }
  if (error != 0) return listen_error(address, -error);
  return std::unique_ptr<TcpListener>(new TcpListener(std::move(impl)));
}

TcpListener::TcpListener(std::unique_ptr<Impl, void (*)(Impl*)> impl) : impl_(std::move(impl)) {}

TcpListener::~TcpListener() = default;

Address TcpListener::address() const {
  sockaddr_storage bound{};
  int size = sizeof(bound);
  ROOST_CHECK(uv_tcp_getsockname(&impl_->handle, reinterpret_cast<sockaddr*>(&bound), &size) == 0);
  return {reinterpret_cast<const sockaddr*>(&bound), static_cast<socklen_t>(size)};
}

void TcpListener::pause() {
  impl_->paused = true;
}

void TcpListener::resume() {
  impl_->retry.start_ms(0);
}

}  // namespace roost::net
