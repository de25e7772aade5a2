#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

#include "common/base/intrusive_list.h"

namespace roost::cache {

/// For entries that leave only by eviction or erasure.
inline constexpr int64_t kNeverExpires = std::numeric_limits<int64_t>::max();

/// Bytes to reserve behind an object, in the same allocation; see Entry::operator new.
struct Trailing {
  size_t bytes = 0;
};

/// What a Store keeps: one object, reference-counted, immutable once inserted. A user of the cache derives from it and
/// adds what is to be kept; readers hold Refs, so an entry that has left the store lives on until the last of them is
/// done. The bookkeeping below (80 bytes in all) belongs to the store and is touched only under a shard's lock.
///
/// An entry is in one store at most, and is inserted once.
class Entry : public ListLink<> {
 public:
  virtual ~Entry() = default;

  std::string_view key() const { return {key_data_, key_size_}; }
  /// hash_key(key()).
  uint64_t hash() const { return hash_; }
  /// The store may drop the entry from this instant on, in the caller's clock (milliseconds).
  int64_t expires_at_ms() const { return expires_at_ms_; }
  /// What the entry counts against the store's limit, in bytes.
  uint64_t charge() const { return charge_; }

  /// `new (Trailing{n}) Derived(…)` leaves n bytes behind the object, from `reinterpret_cast<char*>(derived + 1)` on,
  /// for its key, head and body: one allocation for the whole entry.
  static void* operator new(size_t size) { return ::operator new(size); }
  static void* operator new(size_t size, Trailing trailing) { return ::operator new(size + trailing.bytes); }
  static void operator delete(void* memory) { ::operator delete(memory); }
  static void operator delete(void* memory, Trailing) { ::operator delete(memory); }

 protected:
  /// `key` is not copied: its bytes belong to the derived object and live as long as it does. `charge` is every byte
  /// the object holds: its size with trailing bytes, and the blocks it keeps alive. What the store itself spends on an
  /// entry (kIndexBytes) is added here.
  Entry(std::string_view key, uint64_t hash, uint64_t charge, int64_t expires_at_ms)
      : key_data_(key.data()),
        hash_(hash),
        expires_at_ms_(expires_at_ms),
        charge_(charge + kIndexBytes),
        key_size_(static_cast<uint32_t>(key.size())) {}

 public:
  /// The store's own bytes for each entry: bucket, expiry heap slot and ghost slot, as they are on average between two
  /// growths, and the allocator's rounding.
  static constexpr uint64_t kIndexBytes = 64;

 private:
  template <class>
  friend class Ref;
  friend class ExpiryHeap;
  friend class S3Fifo;
  friend class Shard;

  static constexpr uint32_t kNotInHeap = std::numeric_limits<uint32_t>::max();
  enum class Queue : uint8_t { none, small, main };

  void add_reference() { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop_reference() {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

  Entry* next_in_bucket_ = nullptr;
  const char* key_data_;
  uint64_t hash_;
  int64_t expires_at_ms_;
  uint64_t charge_;
  uint32_t key_size_;
  std::atomic<uint32_t> references_{1};
  uint32_t heap_index_ = kNotInHeap;
  Queue queue_ = Queue::none;
  uint8_t hits_ = 0;
};

/// A counted reference to an entry. The count is atomic, so any thread may drop the last one; the Ref object itself
/// belongs to one thread at a time.
template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(const Ref& other) : Ref(share(other.entry_)) {}
  Ref(Ref&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~Ref() {
    if (entry_ != nullptr) static_cast<Entry*>(entry_)->drop_reference();
  }

  /// A new entry, with `trailing` bytes behind it.
  template <class... Args>
  static Ref make(Trailing trailing, Args&&... args) {
    return adopt(new (trailing) T(std::forward<Args>(args)...));
  }
  /// Takes over the one reference that a new entry, or release(), has.
  static Ref adopt(T* entry) {
    Ref ref;
    ref.entry_ = entry;
    return ref;
  }
  /// One more reference to an entry somebody else holds; null gives an empty Ref.
  static Ref share(T* entry) {
    if (entry != nullptr) static_cast<Entry*>(entry)->add_reference();
    return adopt(entry);
  }
  /// Gives the reference away, for adopt().
  T* release() { return std::exchange(entry_, nullptr); }

  explicit operator bool() const { return entry_ != nullptr; }
  T* get() const { return entry_; }
  T* operator->() const { return entry_; }
  T& operator*() const { return *entry_; }

 private:
  T* entry_ = nullptr;
};

}  // namespace roost::cache
