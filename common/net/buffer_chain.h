#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string_view>

#include "common/base/block.h"

namespace roost::net {

/// Bytes waiting to be written, as a chain of blocks. Borrowed bytes are copied, several small pieces into one block;
/// slices with an owner are referenced. Not thread-safe.
class BufferChain {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  void append(const Slice& slice);
  void append(std::string_view borrowed) { append(Slice(borrowed)); }
  /// Drops the first `count` bytes; at most size().
  void consume(size_t count);
  /// Fills `out` with the first pieces, without copying; returns their number.
  size_t front(std::span<Slice> out) const;
  void clear();

 private:
  struct Piece {
    BlockRef block;
    const char* data;
    size_t size;
    bool copied = false;  // owned by the chain: later bytes may be appended to it
  };
  std::deque<Piece> pieces_;
  size_t size_ = 0;
};

}  // namespace roost::net
