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

}  // namespace

Result<std::unique_ptr<Listener>> listen_plain(EventLoop& loop, const Address& address, Listener::OnStream on_stream) {
  // Known only when the socket is bound, and shared with the callback, which may outlive the listener by a moment.
  auto local = std::make_shared<Address>();
  auto tcp = TcpListener::listen(
      loop, address, {.reuse_port = true}, [local, on_stream = std::move(on_stream)](StreamPtr stream) mutable {
        on_stream({.stream = std::move(stream), .local = *local, .protocol = Protocol::http1, .scheme = "http"});
      });
  if (!tcp) return tl::unexpected(tcp.error());
  *local = (*tcp)->address();
  return std::make_unique<PlainListener>(std::move(*tcp));
}

}  // namespace roost::net
