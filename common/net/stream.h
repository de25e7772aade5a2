#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "common/base/block.h"
#include "common/base/result.h"
#include "common/net/address.h"

namespace roost::net {

/// What happens on a Stream. Any of these may destroy the stream (reset its StreamPtr) or the receiver; the stream does
/// not touch either after the call returns. Allocations within may be refused (MemoryScope).
class StreamReceiver {
 public:
  /// A connecting stream is connected and may be written to and read.
  virtual void on_connected() {}
  /// Bytes from the peer, borrowed for the call, never empty. All of them are taken: whoever cannot, keeps a copy and
  /// stops reading.
  virtual void on_data(std::string_view bytes) = 0;
  /// The peer will send nothing more (FIN). The stream may still be written to.
  virtual void on_end() = 0;
  /// write() had returned false, and now the queue is below the low watermark: go on writing.
  virtual void on_drained() {}
  /// The stream is broken (reset, refused, time-out of the kernel); nothing more happens on it. Its owner resets the
  /// StreamPtr.
  virtual void on_error(const Error& error) = 0;
  /// Memory ran out in an event other than on_error; what came with it is lost. The stream is as it was.
  virtual void on_out_of_memory() { on_error({"out of memory", Side::internal, false, ENOMEM}); }

 protected:
  ~StreamReceiver() = default;
};

/// Bytes in and bytes out with back-pressure, whatever is under it: TCP today, TLS over TCP as well as memory in tests.
/// Loop thread only.
class Stream {
 public:
  static constexpr size_t kHighWatermarkBytes = 64 * 1024;  ///< write() answers false from here on
  static constexpr size_t kLowWatermarkBytes = 16 * 1024;   ///< on_drained() below this
  static constexpr size_t kMaxSlices = 64;                  ///< pieces per write()

  virtual void set_receiver(StreamReceiver* receiver) = 0;
  /// A stream starts paused. Both are idempotent; nothing arrives after stop_reading() returns.
  virtual void start_reading() = 0;
  virtual void stop_reading() = 0;
  /// Sends the pieces in order, at once as far as the kernel takes them, with one system call where it can. What is
  /// left is queued: pieces with an owner by reference, borrowed ones copied. Returns false when the queue has reached
  /// the high watermark (the bytes are queued all the same): wait for on_drained(). Errors arrive through on_error,
  /// never from inside this call; on a broken stream the bytes are dropped and the answer is false. At most kMaxSlices
  /// pieces.
  virtual bool write(std::span<const Slice> pieces) = 0;
  /// Bytes queued and not yet taken by the kernel.
  virtual size_t queued_bytes() const = 0;
  /// Bytes that the peer's system has acknowledged, from any beginning: of those written, neither the queued ones nor
  /// what waits in the kernel's buffer. Costs a system call. Nothing where it cannot be known.
  virtual std::optional<uint64_t> acknowledged_bytes() const = 0;
  /// From now on closing resets the connection: for a message whose end the peer would else take for a proper one.
  virtual void reset_on_close() = 0;
  /// Sends FIN when the queue has drained. No write() afterwards.
  virtual void shutdown() = 0;
  /// The other end's address; empty for a stream that has none.
  virtual const Address& peer() const = 0;

 protected:
  friend struct StreamCloser;
  virtual ~Stream() = default;
  /// Detaches the receiver, drops what is queued, closes, and frees the memory when that is safe.
  virtual void close() = 0;
};

/// Closing is what destroying means for a stream: reset the pointer, and no event comes any more.
struct StreamCloser {
  void operator()(Stream* stream) const { stream->close(); }
};
using StreamPtr = std::unique_ptr<Stream, StreamCloser>;

}  // namespace roost::net
