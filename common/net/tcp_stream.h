#pragma once

#include <memory>

#include <uv.h>

#include "common/net/event_loop.h"
#include "common/net/stream.h"

namespace roost::net {

/// A TCP connection: one allocation with its libuv handle in it, TCP_NODELAY set. Writes go straight to the socket
/// (uv_try_write); only what the kernel does not take is queued. An idle one holds no buffer (see sizeof: a test bounds
/// it). Stopping and starting to read costs no system call unless bytes arrive in between.
///
///   state         meaning                                           leaves for
///   connecting    what is written waits                             open, failed, closing
///   open          bytes go both ways                                write_broken, failed, closing
///   write_broken  a write found that the peer has reset the         failed, closing
///                 connection; what it sent before is still read
///   failed        on_error was called, or is about to be            closing
///   closing       waits for libuv's close callback                  –
///
/// What the peer sent before it reset the connection is often the answer that explains why; on_error comes behind it,
/// in place of on_end. The sending side runs beside that: open, ending (shutdown() was called, the queue drains), ended
/// (FIN is sent).
class TcpStream final : public Stream {
 public:
  /// Starts to connect; on_connected() or on_error() follows, never from inside this call. A failure to connect is
  /// retryable: nothing was sent.
  static StreamPtr connect(EventLoop& loop, const Address& address);
  /// Takes over the connected socket `fd`, which is non-blocking and has TCP_NODELAY set or inherited. Null, and the
  /// socket closed, when it cannot be used after all.
  static StreamPtr adopt(EventLoop& loop, int fd, const Address& peer);

  void set_receiver(StreamReceiver* receiver) override { receiver_ = receiver; }
  void start_reading() override;
  void stop_reading() override { reading_ = false; }
  bool write(std::span<const Slice> pieces) override;
  size_t queued_bytes() const override;
  void shutdown() override;
  const Address& peer() const override { return peer_; }

 private:
  enum class State : unsigned char { connecting, open, write_broken, failed, closing };
  enum class Sending : unsigned char { open, ending, ended };
  struct WriteQueue;
  struct LateFailure;

  explicit TcpStream(EventLoop& loop);
  ~TcpStream() override;
  void close() override;
  static bool is_move(State from, State to);
  void set_state(State next);
  size_t send_now(std::span<const Slice> pieces);
  void submit_queue();
  void send_fin();
  void on_connect_result(int status);
  void on_allocate(uv_buf_t* buffer);
  void on_read(ssize_t count, const char* data);
  void on_written(int status);
  void on_write_failed(int status);
  void fail_with(int status);
  void release();

  EventLoop& loop_;
  StreamReceiver* receiver_ = nullptr;
  std::unique_ptr<WriteQueue> queue_;  // null while the kernel takes everything
  uv_tcp_t handle_{};
  Address peer_;
  int first_error_ = 0;  // of the writes: what the kernel says only once
  State state_ = State::connecting;
  Sending sending_ = Sending::open;
  bool reading_ = false;
  bool drained_owed_ = false;
  unsigned char holds_ = 1;  // who still needs the memory: libuv until the close callback, a LateFailure
};

}  // namespace roost::net
