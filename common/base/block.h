#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "common/base/check.h"
#include "common/base/ref.h"

namespace roost {

/// Counts the bytes of blocks that are alive and that no store holds (Block::enter_store): what is on its way, or is
/// held by somebody who is slow to send it. Any thread. Outlives its blocks.
class BlockAccount {
 public:
  BlockAccount() = default;
  BlockAccount(const BlockAccount&) = delete;
  BlockAccount& operator=(const BlockAccount&) = delete;

  /// Headers included.
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  friend class Block;
  std::atomic<uint64_t> bytes_{0};
};

/// A reference-counted run of bytes in one allocation (24-byte header, then the bytes). Filled once by its maker, and
/// immutable from the moment a second reference exists: that is what makes it safe to share between threads.
class Block : public RefCounted {
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
  /// What it occupies, header included.
  uint64_t footprint() const { return sizeof(Block) + capacity_; }
  /// A store that accounts for its contents itself holds the block from now on, and no longer. Each store calls both
  /// once; the block is off its account as long as one of them holds it.
  void enter_store() {
    if (account_ != nullptr && stores_.fetch_add(1, std::memory_order_relaxed) == 0) account_->bytes_ -= footprint();
  }
  void leave_store() {
    if (account_ != nullptr && stores_.fetch_sub(1, std::memory_order_relaxed) == 1) account_->bytes_ += footprint();
  }

 private:
  friend class Ref<Block>;
  Block(uint32_t capacity, BlockAccount* account) : capacity_(capacity), account_(account) {
    if (account_ != nullptr) account_->bytes_ += footprint();
  }
  ~Block() {
    if (account_ != nullptr) account_->bytes_ -= footprint();
  }
  uint32_t capacity_;
  uint32_t size_ = 0;
  std::atomic<uint32_t> stores_{0};
  BlockAccount* account_;
};

/// A Ref<Block>, with the ways to make one.
class BlockRef : public Ref<Block> {
 public:
  BlockRef() = default;
  BlockRef(Ref<Block> block) : Ref(std::move(block)) {}

  /// A new block of `capacity` bytes and size 0, counted by `account` if there is one. Throws std::bad_alloc as
  /// operator new does.
  static BlockRef make(uint32_t capacity, BlockAccount* account = nullptr) {
    return Ref::make(Trailing{capacity}, capacity, account);
  }
  /// A new block holding a copy of `bytes`.
  static BlockRef copy_of(std::string_view bytes, BlockAccount* account = nullptr) {
    BlockRef ref = make(static_cast<uint32_t>(bytes.size()), account);
    if (!bytes.empty()) std::memcpy(ref->data(), bytes.data(), bytes.size());
    ref->set_size(static_cast<uint32_t>(bytes.size()));
    return ref;
  }
};

/// A run of bytes passed to a function. With an owner it stays valid as long as a reference to the owner exists.
/// Without one it is borrowed: valid only during the call, so whoever needs it longer copies it.
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
