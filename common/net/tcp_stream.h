#pragma once

#include <uv.h>

#include "common/net/buffer_chain.h"
#include "common/net/event_loop.h"
#include "common/net/stream.h"

namespace roost::net {

/// A TCP connection: one allocation with its libuv handle in it, TCP_NODELAY set. Writes go straight to the socket
/// (uv_try_write); only what the kernel does not take is queued. An idle one holds no buffer.
class TcpStream final : public Stream {
 public:
  /// Starts to connect; on_connected() or on_error() follows, never from inside this call.
  static StreamPtr connect(EventLoop& loop, const Address& address);
  /// Takes the connection that `listener` has ready. Null when there is none after all.
  static StreamPtr accept(EventLoop& loop, uv_stream_t* listener);

  void set_receiver(StreamReceiver* receiver) override { receiver_ = receiver; }
  void start_reading() override;
  void stop_reading() override;
  bool write(std::span<const Slice> pieces) override;
  size_t queued_bytes() const override;
  void shutdown() override;
  const Address& peer() const override { return peer_; }

 private:
  explicit TcpStream(EventLoop& loop);
  ~TcpStream() override = default;
  void close() override;
  // The state table, the queued write and the libuv callbacks: see tcp_stream.cc.
  struct Internal;
  friend struct Internal;

  EventLoop& loop_;
  StreamReceiver* receiver_ = nullptr;
  uv_tcp_t handle_{};
  Address peer_;
};

}  // namespace roost::net
