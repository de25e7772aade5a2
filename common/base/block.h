#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "common/base/check.h"

namespace roost {

/// A reference-counted run of bytes in one allocation (12-byte header, then the bytes). Filled once by its maker, and
/// immutable from the moment a second reference exists: that is what makes it safe to share between threads.
class Block {
 public:
  char* data() { return reinterpret_cast<char*>(this + 1); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  uint32_t capacity() const { return capacity_; }
  /// Bytes filled so far.
  uint32_t size() const { return size_; }
  std::string_view view() const { return {data(), size_}; }
  /// Only while the maker holds the one reference, or for bytes no other holder has been shown yet.
  void set_size(uint32_t size) {
    ROOST_CHECK(size <= capacity_);
    size_ = size;
  }

 private:
  friend class BlockRef;
  explicit Block(uint32_t capacity) : capacity_(capacity) {}
  std::atomic<uint32_t> references_{1};
  uint32_t capacity_;
  uint32_t size_ = 0;
};

/// A counted reference to a Block. Any thread; the count is atomic, the reference object itself is not.
class BlockRef {
 public:
  BlockRef() = default;
  BlockRef(const BlockRef& other) : BlockRef(share(other.block_)) {}
  BlockRef(BlockRef&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  BlockRef& operator=(BlockRef other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~BlockRef() { release(); }

  /// A new block of `capacity` bytes and size 0. Throws std::bad_alloc as operator new does.
  static BlockRef make(uint32_t capacity) {
    return BlockRef(new (::operator new(sizeof(Block) + capacity)) Block(capacity));
  }
  /// A new block holding a copy of `bytes`.
  static BlockRef copy_of(std::string_view bytes) {
    BlockRef ref = make(static_cast<uint32_t>(bytes.size()));
    if (!bytes.empty()) std::memcpy(ref->data(), bytes.data(), bytes.size());
    ref->set_size(static_cast<uint32_t>(bytes.size()));
    return ref;
  }
  /// One more reference to a block somebody else holds; null gives an empty reference.
  static BlockRef share(Block* block) {
    if (block != nullptr) block->references_.fetch_add(1, std::memory_order_relaxed);
    return BlockRef(block);
  }

  explicit operator bool() const { return block_ != nullptr; }
  Block* get() const { return block_; }
  Block* operator->() const { return block_; }
  Block& operator*() const { return *block_; }

 private:
  explicit BlockRef(Block* adopted) : block_(adopted) {}
  void release() {
    if (block_ != nullptr && block_->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      block_->~Block();
      ::operator delete(block_);
    }
  }
  Block* block_ = nullptr;
};

/// Bytes on their way somewhere. With an owner they stay valid as long as somebody holds a reference to it; without one
/// they are borrowed, valid only during the call they are passed to, and whoever needs them longer copies them.
struct Slice {
  const char* data = nullptr;
  size_t size = 0;
  Block* owner = nullptr;

  Slice() = default;
  Slice(const char* bytes, size_t count, Block* held_by = nullptr) : data(bytes), size(count), owner(held_by) {}
  explicit Slice(std::string_view borrowed) : data(borrowed.data()), size(borrowed.size()) {}
  explicit Slice(const BlockRef& block) : data(block->data()), size(block->size()), owner(block.get()) {}
  std::string_view view() const { return {data, size}; }
};

}  // namespace roost
