#pragma once

#include <memory>

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
  struct Outgoing;  // what the kernel has not taken yet; exists only while there is something
  enum class State : uint8_t { connecting, open, broken };

  explicit TcpStream(EventLoop& loop);
  ~TcpStream() override;
  void close() override;
  Outgoing& outgoing();
  void write_queued();
  void on_written(int status);
  void maybe_send_fin();
  void break_later(int uv_error);
  void tell_error(int uv_error);
  uv_stream_t* stream() { return reinterpret_cast<uv_stream_t*>(&handle_); }
  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer);

  EventLoop& loop_;
  StreamReceiver* receiver_ = nullptr;
  std::unique_ptr<Outgoing> outgoing_;
  uv_tcp_t handle_{};
  Address peer_;
  State state_ = State::open;
  bool reading_ = false;
  bool fin_wanted_ = false;
  bool fin_sent_ = false;
};

}  // namespace roost::net
