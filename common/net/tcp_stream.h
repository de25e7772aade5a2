#pragma once

#include <memory>

#include <uv.h>

#include "common/net/event_loop.h"
#include "common/net/read_turns.h"
#include "common/net/stream.h"

namespace roost::net {

/// A TCP connection with TCP_NODELAY, allocated together with its libuv handle. Writes go straight to the socket
/// (uv_try_write); only what the kernel does not accept is queued. An idle stream holds no buffer, and a test bounds
/// its size. Stopping and restarting to read makes no system call unless bytes arrive in between.
///
///   state         meaning                                           leaves for
///   connecting    writes are queued                                 open, failed, closing
///   open          connected                                         write_broken, failed, closing
///   write_broken  a write failed because the peer reset the         failed, closing
///                 connection; what it sent before is still read;
///                 or there was no memory for what was to be written
///   failed        on_error was called, or is about to be            closing
///   closing       until libuv's close callback                      –
///
/// What the peer sent before a reset is often a response that explains it, so it is delivered first, then on_error
/// instead of on_end. The sending side has states of its own: open, ending (shutdown() was called, the queue drains),
/// ended (FIN was sent).
class TcpStream final : public Stream, public ReadTurns::Reader {
 public:
  /// Starts to connect. on_connected() or on_error() follows, never from inside this call. A failure to connect is
  /// retryable, since nothing was sent.
  static StreamPtr connect(EventLoop& loop, const Address& address);
  /// Takes ownership of the connected socket `fd`, which is non-blocking and has TCP_NODELAY set or inherited. Null if
  /// libuv rejects it; `fd` is closed then.
  static StreamPtr adopt(EventLoop& loop, int fd, const Address& peer);

  void set_receiver(StreamReceiver* receiver) override { receiver_ = receiver; }
  void start_reading() override;
  void stop_reading() override { reading_ = false; }
  bool write(std::span<const Slice> pieces) override;
  size_t queued_bytes() const override;
  std::optional<uint64_t> acknowledged_bytes() const override;
  void reset_on_close() override;
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
  template <class Event>
  void run_event(const Event& event);
  size_t send_now(std::span<const Slice> pieces);
  void keep(std::span<const Slice> pieces, size_t taken);
  void break_writing();
  void submit_queue();
  void send_fin();
  void on_connect_result(int status);
  void read_on();
  unsigned read_bytes() const;
  void on_read_turn() override;
  void on_allocate(uv_buf_t* buffer);
  void on_read(ssize_t count, const char* data);
  void on_written(int status);
  void on_write_failed(int status);
  void fail_with(int status);
  void release();

  EventLoop& loop_;
  StreamReceiver* receiver_ = nullptr;
  std::unique_ptr<WriteQueue> queue_;  // null while nothing is queued
  uv_tcp_t handle_{};
  Address peer_;
  int first_error_ = 0;  // first error of a write, which the kernel reports only once
  State state_ = State::connecting;
  Sending sending_ = Sending::open;
  bool reading_ = false;
  bool drained_owed_ = false;
  unsigned char reads_ = 0;  // filled one after the other in this turn, the small first one included
  unsigned char holds_ = 1;  // reference count: libuv until its close callback, and a LateFailure
};

}  // namespace roost::net
