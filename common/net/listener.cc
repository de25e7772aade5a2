#include "common/net/listener.h"

#include "common/net/tcp_listener.h"

namespace roost::net {
namespace {

class PlainListener final : public Listener {
 public:
  explicit PlainListener(std::unique_ptr<TcpListener> tcp) : tcp_(std::move(tcp)) {}
  Address address() const override { return tcp_->address(); }
  void accept_backlog() override { tcp_->accept_backlog(); }
  uint64_t exhausted_count() const override { return tcp_->exhausted_count(); }

 private:
  std::unique_ptr<TcpListener> tcp_;
};

/// Hands out accepted connections. `local` is known only when the socket is bound; it is shared, since the callback may
/// outlive the listener by a moment.
TcpListener::OnAccept handing_out(std::shared_ptr<Address> local, Listener::OnStream on_stream) {
  return [local = std::move(local), on_stream = std::move(on_stream)](StreamPtr stream) mutable {
    on_stream({.stream = std::move(stream), .local = *local, .protocol = Protocol::http1, .scheme = "http"});
  };
}

}  // namespace

Result<std::unique_ptr<Listener>> listen_plain(EventLoop& loop, const Address& address, Listener::OnStream on_stream) {
  auto local = std::make_shared<Address>();
  auto tcp = TcpListener::listen(loop, address, {.reuse_port = true}, handing_out(local, std::move(on_stream)));
  if (!tcp) return tl::unexpected(tcp.error());
  *local = (*tcp)->address();
  return std::make_unique<PlainListener>(std::move(*tcp));
}

std::unique_ptr<Listener> adopt_plain(EventLoop& loop, int fd, Listener::OnStream on_stream) {
  auto local = std::make_shared<Address>();
  auto tcp = TcpListener::adopt(loop, fd, {.shared = true}, handing_out(local, std::move(on_stream)));
  *local = tcp->address();
  return std::make_unique<PlainListener>(std::move(tcp));
}

}  // namespace roost::net
