#include "common/net/buffer_chain.h"

#include <algorithm>
#include <cstring>

namespace roost::net {
namespace {
constexpr uint32_t kCopyBlockBytes = 4096;
}

void BufferChain::append(const Slice& slice) {
  if (slice.size == 0) return;
  size_ += slice.size;
  if (slice.owner != nullptr) {
    pieces_.push_back({BlockRef::share(slice.owner), slice.data, slice.size});
    return;
  }
  const char* from = slice.data;
  size_t left = slice.size;
  if (!pieces_.empty() && pieces_.back().copied) {
    Piece& last = pieces_.back();
    const size_t fits = std::min<size_t>(left, last.block->capacity() - last.block->size());
    std::memcpy(last.block->data() + last.block->size(), from, fits);
    last.block->set_size(last.block->size() + static_cast<uint32_t>(fits));
    last.size += fits;
    from += fits;
    left -= fits;
  }
  if (left == 0) return;
  BlockRef block = BlockRef::make(static_cast<uint32_t>(std::max<size_t>(left, kCopyBlockBytes)));
  std::memcpy(block->data(), from, left);
  block->set_size(static_cast<uint32_t>(left));
  const char* data = block->data();
  pieces_.push_back({std::move(block), data, left, true});
}

void BufferChain::consume(size_t count) {
  ROOST_CHECK(count <= size_);
  size_ -= count;
  while (count > 0) {
    Piece& first = pieces_.front();
    if (count < first.size) {
      first.data += count;
      first.size -= count;
      return;
    }
    count -= first.size;
    pieces_.pop_front();
  }
}

size_t BufferChain::front(std::span<Slice> out) const {
  const size_t count = std::min(out.size(), pieces_.size());
  for (size_t i = 0; i < count; ++i) out[i] = Slice(pieces_[i].data, pieces_[i].size, pieces_[i].block.get());
  return count;
}

void BufferChain::clear() {
  pieces_.clear();
  size_ = 0;
}

}  // namespace roost::net
