#include "common/net/tcp_stream.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/core.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/memory_scope.h"
#include "common/net/buffer_chain.h"

namespace roost::net {
namespace {

constexpr size_t kMaxSlices = Stream::kMaxSlices;

TcpStream* owner_of(const uv_handle_t* handle) {
  return static_cast<TcpStream*>(handle->data);
}

unsigned fill(std::array<uv_buf_t, kMaxSlices>& buffers, std::span<const Slice> pieces) {
  unsigned count = 0;
  for (const Slice& piece : pieces) {
    if (piece.size == 0) continue;
    buffers[count++] = uv_buf_init(const_cast<char*>(piece.data), static_cast<unsigned>(piece.size));
  }
  return count;
}

}  // namespace

/// Bytes that the kernel did not accept; at most one uv_write, of the first pieces, is under way.
struct TcpStream::WriteQueue {
  uv_write_t request{};
  BufferChain chain;
  size_t in_flight = 0;  // bytes at the head of the chain in the uv_write under way, 0 if there is none
};

/// Reports a failure inside connect() from a later turn. Keeps the memory, since the stream may be closed before.
struct TcpStream::LateFailure {
  LateFailure(TcpStream* failed, int code) : stream(failed), status(code) { ++stream->holds_; }
  LateFailure(LateFailure&& other) noexcept : stream(std::exchange(other.stream, nullptr)), status(other.status) {}
  ~LateFailure() {
    if (stream != nullptr) stream->release();
  }
  void operator()() const { stream->fail_with(status); }
  TcpStream* stream;
  int status;
};

/// An event from libuv. Where memory runs out in it, this connection suffers, and nothing else.
template <class Event>
void TcpStream::run_event(const Event& event) {
  const auto tell = [this] {
    if (state_ < State::failed && receiver_ != nullptr) receiver_->on_out_of_memory();
  };
  (void)run_contained([&] { run_refusable(event, tell); });  // if that fails, the owner's time-outs end it
}

TcpStream::TcpStream(EventLoop& loop) : loop_(loop) {
  ROOST_CHECK(uv_tcp_init(loop.raw(), &handle_) == 0);
  handle_.data = this;
}

TcpStream::~TcpStream() = default;

StreamPtr TcpStream::connect(EventLoop& loop, const Address& address) {
  auto* stream = new TcpStream(loop);
  StreamPtr result(stream);
  stream->peer_ = address;
  auto request = std::make_unique<uv_connect_t>();
  int status = uv_tcp_connect(request.get(), &stream->handle_, address.raw(), [](uv_connect_t* done, int code) {
    const std::unique_ptr<uv_connect_t> freed(done);
    TcpStream* connecting = owner_of(reinterpret_cast<uv_handle_t*>(done->handle));
    connecting->run_event([&] { connecting->on_connect_result(code); });
  });
  if (status == 0) {
    request.release();
    uv_tcp_nodelay(&stream->handle_, 1);
  } else {
    loop.post(LateFailure(stream, status));
  }
  return result;
}

StreamPtr TcpStream::adopt(EventLoop& loop, int fd, const Address& peer) {
  TcpStream* stream = nullptr;
  try {
    stream = new TcpStream(loop);
  } catch (const std::bad_alloc&) {
    ::close(fd);
    throw;
  }
  StreamPtr result(stream);
  if (uv_tcp_open(&stream->handle_, fd) != 0) {
    ::close(fd);
    return nullptr;
  }
  stream->peer_ = peer;
  stream->set_state(State::open);
  return result;
}

bool TcpStream::is_move(State from, State to) {
  switch (from) {
    case State::connecting:
      return to == State::open || to == State::failed || to == State::closing;
    case State::open:
      return to == State::write_broken || to == State::failed || to == State::closing;
    case State::write_broken:
      return to == State::failed || to == State::closing;
    case State::failed:
      return to == State::closing;
    case State::closing:
      return false;
  }
  return false;
}

void TcpStream::set_state(State next) {
  ROOST_CHECK(is_move(state_, next));
  state_ = next;
}

void TcpStream::on_connect_result(int status) {
  if (state_ != State::connecting) return;  // closed meanwhile, or failed
  loop_.observe_time();
  if (status == 0) status = first_error_;
  if (status != 0) return fail_with(status);
  set_state(State::open);
  if (reading_) start_reading();
  if (queue_ != nullptr) {
    submit_queue();
  } else if (sending_ == Sending::ending) {
    send_fin();
  }
  if (receiver_ != nullptr) receiver_->on_connected();
}

// ---- reading --------------------------------------------------------------------------------------------------------

void TcpStream::start_reading() {
  reading_ = true;
  if (state_ == State::open || state_ == State::write_broken) read_on();
}

void TcpStream::read_on() {
  if (linked()) return;  // on_read_turn() follows
  // The only possible error is that libuv is reading already, which is fine.
  uv_read_start(
      reinterpret_cast<uv_stream_t*>(&handle_),
      [](uv_handle_t* handle, size_t, uv_buf_t* buffer) { owner_of(handle)->on_allocate(buffer); },
      [](uv_stream_t* handle, ssize_t count, const uv_buf_t* buffer) {
        TcpStream* stream = owner_of(reinterpret_cast<uv_handle_t*>(handle));
        stream->run_event([&] { stream->on_read(count, buffer->base); });
      });
}

void TcpStream::on_read_turn() {
  reads_ = 1;
  if (reading_) read_on();
}

unsigned TcpStream::read_bytes() const {
  return reads_ == 0 ? ReadTurns::kFirstBytes : ReadTurns::kBufferBytes;
}

void TcpStream::on_allocate(uv_buf_t* buffer) {
  // Without a buffer libuv reads nothing and calls on_read with UV_ENOBUFS.
  *buffer = reading_ ? uv_buf_init(loop_.read_buffer(), read_bytes()) : uv_buf_init(nullptr, 0);
}

void TcpStream::on_read(ssize_t count, const char* data) {
  const bool filled = count == static_cast<ssize_t>(read_bytes());
  if (!filled) reads_ = 0;
  if (count == 0 || state_ == State::failed || state_ == State::closing) return;
  if (first_error_ == UV_ENOMEM && state_ == State::write_broken) return fail_with(UV_ENOMEM);
  // stop_reading() only clears a flag; the watcher is stopped here, when something arrives while reading is off.
  // Nothing is lost: bytes stay in the socket, and an end of stream is reported again when reading restarts.
  if (!reading_) {
    uv_read_stop(reinterpret_cast<uv_stream_t*>(&handle_));
    return;
  }
  loop_.observe_time();
  ROOST_CHECK(receiver_ != nullptr);
  if (filled && !loop_.read_turns().may_go_on(*this, reads_++)) {
    uv_read_stop(reinterpret_cast<uv_stream_t*>(&handle_));
  }
  if (count > 0) return receiver_->on_data({data, static_cast<size_t>(count)});
  if (state_ == State::write_broken) return fail_with(first_error_);
  if (count != UV_EOF) return fail_with(static_cast<int>(count));
  reading_ = false;
  receiver_->on_end();
}

// ---- writing --------------------------------------------------------------------------------------------------------

bool TcpStream::write(std::span<const Slice> pieces) {
  ROOST_CHECK(pieces.size() <= kMaxSlices && sending_ == Sending::open);
  if (state_ > State::open) return false;  // on_error follows
  const size_t taken = queue_ == nullptr && state_ == State::open ? send_now(pieces) : 0;
  run_refusable([&] { keep(pieces, taken); }, [this] { break_writing(); });
  if (state_ > State::open) return false;
  if (queue_ == nullptr) return true;
  submit_queue();
  if (queued_bytes() < kHighWatermarkBytes) return true;
  drained_owed_ = true;
  return false;
}

/// Queues what lies behind the first `taken` bytes.
void TcpStream::keep(std::span<const Slice> pieces, size_t taken) {
  for (const Slice& piece : pieces) {
    if (taken >= piece.size) {
      taken -= piece.size;
      continue;
    }
    if (queue_ == nullptr) queue_ = std::make_unique<WriteQueue>();
    queue_->chain.append(Slice(piece.data + taken, piece.size - taken, piece.owner));
    taken = 0;
  }
}

/// There is no memory for what was to be written. A connection that is shut down has something to read, so that the
/// error comes from a later turn.
void TcpStream::break_writing() {
  first_error_ = UV_ENOMEM;
  if (state_ != State::open) return;  // still connecting: on_connect_result sees it
  set_state(State::write_broken);
  start_reading();
  uv_os_fd_t fd = -1;
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&handle_), &fd) == 0) ::shutdown(fd, SHUT_RDWR);
}

/// How many bytes the kernel accepted; 0 after an error. The bytes are queued then, and the write of the queue reports
/// the error from a later turn.
size_t TcpStream::send_now(std::span<const Slice> pieces) {
  std::array<uv_buf_t, kMaxSlices> buffers;
  const unsigned count = fill(buffers, pieces);
  if (count == 0) return 0;
  const int sent = uv_try_write(reinterpret_cast<uv_stream_t*>(&handle_), buffers.data(), count);
  if (sent < 0 && sent != UV_EAGAIN) first_error_ = sent;
  return sent < 0 ? 0 : static_cast<size_t>(sent);
}

void TcpStream::submit_queue() {
  if (state_ != State::open || queue_->in_flight != 0) return;
  std::array<Slice, kMaxSlices> pieces;
  std::array<uv_buf_t, kMaxSlices> buffers;
  const std::span<Slice> front(pieces.data(), queue_->chain.front(pieces));
  for (const Slice& piece : front) queue_->in_flight += piece.size;
  const unsigned count = fill(buffers, front);
  const int status = uv_write(&queue_->request, reinterpret_cast<uv_stream_t*>(&handle_), buffers.data(), count,
                              [](uv_write_t* done, int code) {
                                TcpStream* stream = owner_of(reinterpret_cast<uv_handle_t*>(done->handle));
                                stream->run_event([&] { stream->on_written(code); });
                              });
  if (status == 0) return;
  const EssentialMemory essential;
  loop_.post(LateFailure(this, status));
}

void TcpStream::on_written(int status) {
  if (state_ != State::open) return;
  loop_.observe_time();
  if (status != 0) return on_write_failed(first_error_ != 0 ? first_error_ : status);
  first_error_ = 0;
  queue_->chain.consume(queue_->in_flight);
  queue_->in_flight = 0;
  if (queue_->chain.empty()) {
    queue_.reset();
    if (sending_ == Sending::ending) send_fin();
  } else {
    submit_queue();
  }
  if (!drained_owed_ || queued_bytes() >= kLowWatermarkBytes) return;
  drained_owed_ = false;
  if (receiver_ != nullptr) receiver_->on_drained();
}

void TcpStream::on_write_failed(int status) {
  queue_.reset();
  if (!reading_ || (status != UV_EPIPE && status != UV_ECONNRESET)) return fail_with(status);
  first_error_ = status;
  set_state(State::write_broken);
}

size_t TcpStream::queued_bytes() const {
  if (queue_ == nullptr) return 0;
  const size_t unsent = uv_stream_get_write_queue_size(reinterpret_cast<const uv_stream_t*>(&handle_));
  return queue_->chain.size() - queue_->in_flight + unsent;
}

std::optional<uint64_t> TcpStream::acknowledged_bytes() const {
  // The beginning of tcp_info as the kernel has it since 4.1 (linux/tcp.h, which cannot stand beside libuv's headers).
  struct {
    unsigned char before[120];
    uint64_t bytes_acked;
  } info;
  socklen_t size = sizeof(info);
  uv_os_fd_t fd = -1;
  if (uv_fileno(reinterpret_cast<const uv_handle_t*>(&handle_), &fd) != 0) return std::nullopt;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || size < sizeof(info)) return std::nullopt;
  return info.bytes_acked;
}

// With no time to linger the kernel drops what is queued and sends RST (tcp(7)).
void TcpStream::reset_on_close() {
  uv_os_fd_t fd = -1;
  if (uv_fileno(reinterpret_cast<const uv_handle_t*>(&handle_), &fd) != 0) return;
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void TcpStream::shutdown() {
  if (sending_ != Sending::open || state_ > State::open) return;
  sending_ = Sending::ending;
  if (queue_ == nullptr && state_ == State::open) send_fin();
}

void TcpStream::send_fin() {
  sending_ = Sending::ended;
  uv_os_fd_t fd = -1;
  // Not through uv_shutdown, which needs a request and a turn. A failure means that the connection is broken, which
  // reading reports.
  if (uv_fileno(reinterpret_cast<uv_handle_t*>(&handle_), &fd) == 0) ::shutdown(fd, SHUT_WR);
}

// ---- the end --------------------------------------------------------------------------------------------------------

void TcpStream::fail_with(int status) {
  if (state_ == State::failed || state_ == State::closing) return;
  const bool connecting = state_ == State::connecting;
  set_state(State::failed);
  reading_ = false;
  unlink();
  uv_read_stop(reinterpret_cast<uv_stream_t*>(&handle_));
  if (receiver_ == nullptr) return;
  if (status == UV_ENOMEM) return receiver_->on_error(Error{"out of memory", Side::internal, connecting, ENOMEM});
  receiver_->on_error(Error{
      fmt::format("{} {}: {}", connecting ? "connect to" : "connection with", peer_.to_string(), uv_strerror(status)),
      Side::internal, connecting, -status});
}

void TcpStream::close() {
  set_state(State::closing);
  receiver_ = nullptr;
  reading_ = false;
  unlink();
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) { owner_of(handle)->release(); });
}

void TcpStream::release() {
  if (--holds_ == 0) delete this;
}

}  // namespace roost::net
