#include "common/net/tcp_stream.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "common/base/check.h"
#include "common/net/timer.h"

namespace roost::net {
namespace {

/// A connect request, allocated for the time of connecting.
struct ConnectRequest {
  uv_connect_t request{};
};

size_t fill_buffers(std::span<const Slice> pieces, size_t skip, std::array<uv_buf_t, Stream::kMaxSlices>& buffers) {
  size_t count = 0;
  for (const Slice& piece : pieces) {
    if (skip >= piece.size) {
      skip -= piece.size;
      continue;
    }
    buffers[count++] = uv_buf_init(const_cast<char*>(piece.data + skip), static_cast<unsigned>(piece.size - skip));
    skip = 0;
  }
  return count;
}

}  // namespace

struct TcpStream::Outgoing {
  explicit Outgoing(TcpStream* owner) : failure_timer(owner->loop_.timers(), fail, owner) {}
  static void fail(void* stream) {
    auto* self = static_cast<TcpStream*>(stream);
    self->tell_error(self->outgoing_->failure);
  }
  BufferChain queue;
  uv_write_t request{};
  uv_shutdown_t fin{};
  size_t in_flight = 0;  // bytes of the queue's front that libuv holds
  bool want_drained = false;
  int failure = 0;  // found inside write(), told by failure_timer
  Timer failure_timer;
};

TcpStream::TcpStream(EventLoop& loop) : loop_(loop) {
  ROOST_CHECK(uv_tcp_init(loop.raw(), &handle_) == 0);
  handle_.data = this;
}

TcpStream::~TcpStream() = default;

StreamPtr TcpStream::connect(EventLoop& loop, const Address& address) {
  auto* self = new TcpStream(loop);
  StreamPtr owner(self);
  self->state_ = State::connecting;
  self->peer_ = address;
  auto* attempt = new ConnectRequest;
  auto on_connect = [](uv_connect_t* request, int status) {
    std::unique_ptr<ConnectRequest> freed(reinterpret_cast<ConnectRequest*>(request));
    auto* stream = static_cast<TcpStream*>(request->handle->data);
    if (status == UV_ECANCELED || stream->receiver_ == nullptr || stream->state_ != State::connecting) return;
    stream->loop_.observe_time();
    if (status < 0) return stream->tell_error(status);
    stream->state_ = State::open;
    uv_tcp_nodelay(&stream->handle_, 1);
    if (stream->outgoing_ != nullptr) stream->write_queued();
    stream->receiver_->on_connected();
  };
  const int error = uv_tcp_connect(&attempt->request, &self->handle_, address.raw(), on_connect);
  if (error != 0) {
    delete attempt;
    self->break_later(error);
  }
  return owner;
}

StreamPtr TcpStream::accept(EventLoop& loop, uv_stream_t* listener) {
  auto* self = new TcpStream(loop);
  StreamPtr owner(self);
  if (uv_accept(listener, self->stream()) != 0) return nullptr;
  uv_tcp_nodelay(&self->handle_, 1);
  sockaddr_storage peer{};
  int size = sizeof(peer);
  if (uv_tcp_getpeername(&self->handle_, reinterpret_cast<sockaddr*>(&peer), &size) == 0) {
    self->peer_ = Address(reinterpret_cast<const sockaddr*>(&peer), static_cast<socklen_t>(size));
  }
  return owner;
}

TcpStream::Outgoing& TcpStream::outgoing() {
  if (outgoing_ == nullptr) outgoing_ = std::make_unique<Outgoing>(this);
  return *outgoing_;
}

// ---- reading --------------------------------------------------------------------------------------------------------

void TcpStream::start_reading() {
  if (reading_ || state_ == State::broken) return;
  auto alloc = [](uv_handle_t* handle, size_t, uv_buf_t* buffer) {
    *buffer = uv_buf_init(static_cast<TcpStream*>(handle->data)->loop_.read_buffer(), EventLoop::kReadBufferBytes);
  };
  if (uv_read_start(stream(), alloc, on_read) == 0) reading_ = true;
}

void TcpStream::stop_reading() {
  if (!reading_) return;
  uv_read_stop(stream());
  reading_ = false;
}

void TcpStream::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
  auto* self = static_cast<TcpStream*>(stream->data);
  if (self->receiver_ == nullptr || count == 0) return;
  self->loop_.observe_time();
  if (count > 0) return self->receiver_->on_data({buffer->base, static_cast<size_t>(count)});
  self->stop_reading();
  if (count == UV_EOF) return self->receiver_->on_end();
  self->tell_error(static_cast<int>(count));
}

// ---- writing --------------------------------------------------------------------------------------------------------

bool TcpStream::write(std::span<const Slice> pieces) {
  ROOST_CHECK(pieces.size() <= kMaxSlices && !fin_wanted_);
  if (state_ == State::broken) return true;
  size_t sent = 0;
  if (state_ == State::open && queued_bytes() == 0) {
    std::array<uv_buf_t, kMaxSlices> buffers;
    const size_t count = fill_buffers(pieces, 0, buffers);
    if (count == 0) return true;
    const int result = uv_try_write(stream(), buffers.data(), static_cast<unsigned>(count));
    if (result < 0 && result != UV_EAGAIN) {
      break_later(result);
      return true;
    }
    sent = result < 0 ? 0 : static_cast<size_t>(result);
  }
  Outgoing* queue = outgoing_.get();
  for (const Slice& piece : pieces) {
    if (sent >= piece.size) {
      sent -= piece.size;
      continue;
    }
    if (queue == nullptr) queue = &outgoing();
    queue->queue.append(Slice(piece.data + sent, piece.size - sent, piece.owner));
    sent = 0;
  }
  if (queue == nullptr || queue->queue.empty()) return true;
  if (state_ == State::open) write_queued();
  const bool below = queue->queue.size() < kHighWatermarkBytes;
  queue->want_drained |= !below;
  return below;
}

void TcpStream::write_queued() {
  Outgoing& out = *outgoing_;
  if (out.in_flight > 0 || out.queue.empty() || state_ != State::open) return;
  std::array<Slice, kMaxSlices> pieces;
  std::array<uv_buf_t, kMaxSlices> buffers;
  const size_t filled = out.queue.front(pieces);
  const size_t count = fill_buffers({pieces.data(), filled}, 0, buffers);
  for (size_t i = 0; i < filled; ++i) out.in_flight += pieces[i].size;
  const int error = uv_write(
      &out.request, stream(), buffers.data(), static_cast<unsigned>(count),
      [](uv_write_t* request, int status) { static_cast<TcpStream*>(request->handle->data)->on_written(status); });
  if (error != 0) break_later(error);
}

void TcpStream::on_written(int status) {
  Outgoing& out = *outgoing_;
  const size_t written = out.in_flight;
  out.in_flight = 0;
  if (status == UV_ECANCELED || state_ == State::broken) return;
  loop_.observe_time();
  if (status < 0) return tell_error(status);
  out.queue.consume(written);
  write_queued();
  if (out.queue.empty()) maybe_send_fin();
  if (out.want_drained && out.queue.size() < kLowWatermarkBytes) {
    out.want_drained = false;
    if (receiver_ != nullptr) receiver_->on_drained();
  }
}

size_t TcpStream::queued_bytes() const {
  return outgoing_ == nullptr ? 0 : outgoing_->queue.size();
}

void TcpStream::shutdown() {
  if (fin_wanted_ || state_ == State::broken) return;
  fin_wanted_ = true;
  if (state_ == State::open && queued_bytes() == 0) maybe_send_fin();
}

void TcpStream::maybe_send_fin() {
  if (!fin_wanted_ || fin_sent_ || state_ != State::open) return;
  fin_sent_ = true;
  uv_shutdown(&outgoing().fin, stream(), [](uv_shutdown_t*, int) {});
}

// ---- the end --------------------------------------------------------------------------------------------------------

// An error found inside write() must not call the receiver from there.
void TcpStream::break_later(int uv_error) {
  if (state_ == State::broken) return;
  stop_reading();
  state_ = State::broken;
  outgoing().failure = uv_error;
  outgoing_->failure_timer.start_ms(0);
}

void TcpStream::tell_error(int uv_error) {
  stop_reading();
  state_ = State::broken;
  const int code = uv_error < 0 ? -uv_error : uv_error;
  if (receiver_ != nullptr)
    receiver_->on_error(Error{peer_.to_string() + ": " + uv_strerror(uv_error), Side::internal, true, code});
}

void TcpStream::close() {
  receiver_ = nullptr;
  state_ = State::broken;
  if (outgoing_ != nullptr) outgoing_->failure_timer.stop();
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_),
           [](uv_handle_t* handle) { delete static_cast<TcpStream*>(handle->data); });
}

}  // namespace roost::net
