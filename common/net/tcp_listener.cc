#include "common/net/tcp_listener.h"

#include <array>
#include <cerrno>
#include <string>

#include <fmt/core.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "common/base/check.h"
#include "common/base/memory_scope.h"
#include "common/net/port_holder.h"
#include "common/net/tcp_stream.h"
#include "common/net/timer.h"

namespace roost::net {
namespace {

tl::unexpected<Error> listen_error(const Address& address, int error) {
  if (error == EADDRINUSE) {
    return fail(
        fmt::format("listen on {}: the port is in use ({})", address.to_string(), describe_port_holder(address.port())),
        Side::internal, false, error);
  }
  return fail_errno("listen on " + address.to_string(), error);
}

/// A bound socket. It is made here because libuv 1.44 has no flag for SO_REUSEPORT.
Result<int> bound_socket(const Address& address, const TcpListener::Options& options) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return listen_error(address, errno);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (options.reuse_port) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  TcpListener::set_connection_options(fd);
  if (::bind(fd, address.raw(), address.raw_size()) == 0) return fd;
  const int error = errno;
  ::close(fd);
  return listen_error(address, error);
}

Result<int> listening_socket(const Address& address, const TcpListener::Options& options) {
  auto fd = bound_socket(address, options);
  if (!fd || ::listen(*fd, options.backlog) == 0) return fd;
  const int error = errno;
  ::close(*fd);
  return listen_error(address, error);
}

bool out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

/// The socket is polled, not given to uv_listen: pausing leaves all connections in the backlog, accept4() returns the
/// peer's address, and running out of descriptors can be handled.
struct TcpListener::Impl {
  Impl(EventLoop& l, int socket, const Options& given, OnAccept callback)
      : loop(l),
        fd(socket),
        options(given),
        on_accept(std::move(callback)),
        retry(Timer::of<&Impl::watch>(l.timers(), this)) {
    ROOST_CHECK(uv_poll_init(loop.raw(), &poll, fd) == 0);
    poll.data = this;
  }
  static void close(Impl* impl);
  void watch();
  void unwatch();
  void on_readable();
  bool accept_one();
  void rest();

  EventLoop& loop;
  int fd;  // -1 once closed
  const Options options;
  OnAccept on_accept;
  Timer retry;
  uv_poll_t poll{};
  bool paused = false;
  uint64_t exhausted = 0;
};

void TcpListener::Impl::close(Impl* impl) {
  impl->retry.stop();
  uv_close(reinterpret_cast<uv_handle_t*>(&impl->poll),
           [](uv_handle_t* handle) { delete static_cast<Impl*>(handle->data); });
  ::close(std::exchange(impl->fd, -1));
}

void TcpListener::Impl::watch() {
  if (paused) return;
  uv_poll_start(&poll, UV_READABLE, [](uv_poll_t* handle, int, int) {
    auto* impl = static_cast<Impl*>(handle->data);
    impl->loop.observe_time();
    impl->on_readable();
  });
}

void TcpListener::Impl::unwatch() {
  uv_poll_stop(&poll);
  retry.stop();
}

void TcpListener::Impl::on_readable() {
  // The receiver may pause or destroy the listener with each connection. The rest waits for the next turn.
  for (int i = 0; i < kMaxAcceptsPerTurn && fd >= 0 && !paused; ++i) {
    if (!accept_one()) return;
  }
}

/// False if there is nothing more to accept for now.
bool TcpListener::Impl::accept_one() {
  sockaddr_in6 peer{};
  socklen_t size = sizeof(peer);
  const int connection = ::accept4(fd, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (connection < 0) {
    if (errno == EAGAIN) return false;
    if (!out_of_resources(errno)) return true;  // this connection was reset before it was accepted
    rest();
    return false;
  }
  bool taken = true;
  run_refusable(
      [&] {
        StreamPtr stream = TcpStream::adopt(loop, connection, Address(reinterpret_cast<const sockaddr*>(&peer), size));
        if (stream != nullptr) on_accept(std::move(stream));
      },
      [&] { taken = false; });  // the connection is closed
  if (!taken) rest();
  return taken;
}

/// The process is out of something.
void TcpListener::Impl::rest() {
  ++exhausted;
  unwatch();
  retry.start_ms(kExhaustedPauseMs);
}

Result<void> TcpListener::probe(const Address& address) {
  // Only bound: a client that connected between listen() and close() would be reset.
  auto fd = bound_socket(address, Options{.reuse_port = false});
  if (!fd) return tl::unexpected(fd.error());
  ::close(*fd);
  return {};
}

Result<std::unique_ptr<TcpListener>> TcpListener::listen(EventLoop& loop, const Address& address, Options options,
                                                         OnAccept on_accept) {
  auto fd = listening_socket(address, options);
  if (!fd) return tl::unexpected(fd.error());
  return adopt(loop, *fd, options, std::move(on_accept));
}

// Inherited by connections, which saves system calls for each.
void TcpListener::set_connection_options(int fd) {
  const int on = 1;
  const int most_unsent = kMaxUnsentBytes;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most_unsent, sizeof(most_unsent));
}

std::unique_ptr<TcpListener> TcpListener::adopt(EventLoop& loop, int fd, Options options, OnAccept on_accept) {
  std::unique_ptr<Impl, void (*)(Impl*)> impl(new Impl(loop, fd, options, std::move(on_accept)), Impl::close);
  impl->watch();
  return std::unique_ptr<TcpListener>(new TcpListener(std::move(impl)));
}

TcpListener::TcpListener(std::unique_ptr<Impl, void (*)(Impl*)> impl) : impl_(std::move(impl)) {}

TcpListener::~TcpListener() = default;

Address TcpListener::address() const {
  sockaddr_in6 bound{};
  socklen_t size = sizeof(bound);
  ROOST_CHECK(getsockname(impl_->fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0);
  return {reinterpret_cast<const sockaddr*>(&bound), size};
}

void TcpListener::pause() {
  impl_->paused = true;
  impl_->unwatch();
}

void TcpListener::resume() {
  impl_->paused = false;
  impl_->watch();
}

void TcpListener::accept_backlog() {
  impl_->unwatch();
  if (impl_->options.shared) return;
  // A filter that lets no packet pass. Where the kernel has none, connections may come as fast as they are accepted.
  sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program{1, &drop};
  setsockopt(impl_->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
  for (int i = 0; i < impl_->options.backlog && impl_->accept_one(); ++i) {
  }
}

uint64_t TcpListener::exhausted_count() const {
  return impl_->exhausted;
}

}  // namespace roost::net
