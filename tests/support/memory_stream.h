#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/base/check.h"
#include "common/base/memory_scope.h"
#include "common/net/stream.h"
#include "tests/support/failing_memory.h"

namespace roost::net {

/// A Stream whose other end is the test: feed() is what the peer sends, sent() what it would have received. The test
/// owns it and looks at it after it was closed; the code under test gets a StreamPtr from attach().
///
///     MemoryStream memory;
///     Connection connection(memory.attach());
///     memory.feed("GET / HTTP/1.1\r\n\r\n");
///     CHECK_EQ(memory.sent(), "…");
///
/// As with a real stream, bytes and the end reach the receiver only while it reads; what is fed before waits, and
/// pump() hands it on after start_reading().
class MemoryStream final : public Stream {
 public:
  MemoryStream() = default;
  explicit MemoryStream(Address peer) : peer_(std::move(peer)) {}
  ~MemoryStream() override { ROOST_CHECK(!attached_ || closed_); }
  MemoryStream(const MemoryStream&) = delete;
  MemoryStream& operator=(const MemoryStream&) = delete;

  /// The owner's end. Once per MemoryStream, which must outlive it.
  StreamPtr attach() {
    ROOST_CHECK(!attached_);
    attached_ = true;
    return StreamPtr(this);
  }

  // ---- what the peer does -----------------------------------------------------------------------------------------

  /// The peer sends `bytes`: one on_data call while the receiver reads.
  void feed(std::string_view bytes) {
    const failing_memory::Calm calm;
    if (!bytes.empty()) incoming_.emplace_back(bytes);
    pump();
  }
  /// The same, a byte at a time.
  void feed_slowly(std::string_view bytes) {
    for (char byte : bytes) feed({&byte, 1});
  }
  void feed_connected() {
    run_event([this] { receiver_->on_connected(); });
  }
  void feed_end() {
    end_fed_ = true;
    pump();
  }
  /// The connection breaks; at once, whether the receiver reads or not.
  void feed_error(const Error& error = Error{"connection reset by peer", Side::internal, false, 104}) {
    reading_ = false;
    run_event([&] { receiver_->on_error(error); });
  }
  /// Hands on what was fed while the receiver did not read.
  void pump() {
    const failing_memory::Calm calm;
    while (reading_ && receiver_ != nullptr && !incoming_.empty()) {
      // A copy of exactly this size, freed behind the call, so that sanitizers see an overrun and a pointer kept.
      std::vector<char> bytes(incoming_.front().begin(), incoming_.front().end());
      incoming_.erase(incoming_.begin());
      run_event([&] { receiver_->on_data({bytes.data(), bytes.size()}); });
    }
    if (reading_ && receiver_ != nullptr && end_fed_ && incoming_.empty()) {
      end_fed_ = false;
      reading_ = false;
      run_event([this] { receiver_->on_end(); });
    }
  }
  /// From now on the peer takes nothing: write() queues and answers false until drain().
  void block_writes() { blocked_ = true; }
  /// The peer takes the first `size` queued bytes, and then nothing again.
  void take(size_t size) {
    const failing_memory::Calm calm;
    size = std::min(size, queued_.size());
    receive(std::string_view(queued_).substr(0, size));
    queued_.erase(0, size);
    if (queued_.size() < kLowWatermarkBytes && std::exchange(drained_owed_, false)) {
      run_event([this] { receiver_->on_drained(); });
    }
  }
  /// From now on write() answers true while the peer takes nothing, as a real stream does below the high watermark.
  void hold_drained(bool hold) { hold_drained_ = hold; }
  /// The peer takes everything again; on_drained() when a write() had answered false.
  void drain() {
    const failing_memory::Calm calm;
    blocked_ = false;
    receive(std::exchange(queued_, {}));
    if (std::exchange(drained_owed_, false)) run_event([this] { receiver_->on_drained(); });
  }

  // ---- what the peer sees -----------------------------------------------------------------------------------------

  /// All bytes the peer received so far; the test may clear it.
  std::string& sent() { return sent_; }
  /// sent(), leaving it empty.
  std::string take_sent() { return std::exchange(sent_, {}); }
  bool reading() const { return reading_; }
  bool shut_down() const { return shut_down_; }
  /// It was closed in such a way that the peer gets a reset.
  bool was_reset() const { return closed_ && reset_on_close_; }
  bool closed() const { return closed_; }
  /// Calls of write(): each would be a system call.
  int write_calls() const { return write_calls_; }

  // ---- Stream -----------------------------------------------------------------------------------------------------

  void set_receiver(StreamReceiver* receiver) override { receiver_ = receiver; }
  void start_reading() override { reading_ = true; }
  void stop_reading() override { reading_ = false; }
  bool write(std::span<const Slice> pieces) override {
    const failing_memory::Calm calm;
    ROOST_CHECK(!shut_down_ && !closed_ && pieces.size() <= kMaxSlices);
    ++write_calls_;
    for (const Slice& piece : pieces) {
      if (blocked_) {
        queued_.append(piece.data, piece.size);
      } else {
        receive({piece.data, piece.size});
      }
    }
    if (blocked_) drained_owed_ = !hold_drained_;
    return !drained_owed_;
  }
  size_t queued_bytes() const override { return queued_.size(); }
  std::optional<uint64_t> acknowledged_bytes() const override { return received_; }
  void reset_on_close() override { reset_on_close_ = true; }
  void shutdown() override { shut_down_ = true; }
  const Address& peer() const override { return peer_; }

 private:
  void receive(std::string_view bytes) {
    sent_ += bytes;
    received_ += bytes.size();
  }
  /// As those of a TcpStream.
  template <class Event>
  void run_event(const Event& event) {
    if (receiver_ == nullptr) return;
    const failing_memory::Tested tested;
    const auto tell = [this] {
      if (receiver_ != nullptr) receiver_->on_out_of_memory();
    };
    if (!run_contained([&] { run_refusable(event, tell); })) ROOST_CHECK(false);
  }
  void close() override {
    ROOST_CHECK(!closed_);
    closed_ = true;
    reading_ = false;
    receiver_ = nullptr;
    queued_.clear();
  }

  StreamReceiver* receiver_ = nullptr;
  Address peer_;
  std::vector<std::string> incoming_;
  std::string sent_;
  std::string queued_;
  uint64_t received_ = 0;  // as sent_, which the test may clear
  int write_calls_ = 0;
  bool attached_ = false;
  bool reading_ = false;
  bool blocked_ = false;
  bool drained_owed_ = false;
  bool hold_drained_ = false;
  bool end_fed_ = false;
  bool shut_down_ = false;
  bool closed_ = false;
  bool reset_on_close_ = false;
};

}  // namespace roost::net
