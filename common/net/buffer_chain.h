#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string_view>

#include "common/base/block.h"

namespace roost::net {

/// Bytes waiting to be written, as a chain of blocks. What is appended borrowed is copied, several small pieces into
/// one block; what is appended with an owner is referenced. One thread.
class BufferChain {
 public:
  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }
  void append(const Slice& slice);
  void append(std::string_view borrowed) { append(Slice(borrowed)); }
  /// Drops the first `count` bytes; at most size().
  void consume(size_t count);
  /// Fills `out` with the first pieces, without copying; returns how many were filled.
  size_t front(std::span<Slice> out) const;
  void clear();

 private:
  struct Piece {
    BlockRef block;
    const char* data;
    size_t size;
    bool copied = false;  // ours alone: more may be copied behind it
  };
  std::deque<Piece> pieces_;
  size_t size_ = 0;
};

}  // namespace roost::net
