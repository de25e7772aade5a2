#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "common/base/intrusive_list.h"
#include "common/base/ref.h"

namespace roost::cache {

/// For entries that leave only by eviction or erasure.
inline constexpr int64_t kNeverExpires = std::numeric_limits<int64_t>::max();

using roost::Ref;
using roost::Trailing;

/// An object that a Store keeps: reference-counted, and immutable once inserted. A user of the cache derives from it
/// and adds the value; `Ref<T>::make(Trailing{n}, …)` puts n bytes for key and value into the same allocation. Readers
/// hold Refs, so an entry that has left the store lives until the last of them is dropped. The members below (80 bytes
/// in all) belong to the store and are accessed only under a shard's lock.
///
/// An entry is in at most one store, and is inserted once.
class Entry : public ListLink<>, public RefCounted {
 public:
  virtual ~Entry() = default;

  std::string_view key() const { return {key_data_, key_size_}; }
  /// hash_key(key()).
  uint64_t hash() const { return hash_; }
  /// The store may drop the entry from this instant on, in the caller's clock (milliseconds).
  int64_t expires_at_ms() const { return expires_at_ms_; }
  /// What the entry counts against the store's limit, in bytes.
  uint64_t charge() const { return charge_; }

 protected:
  /// `key` is not copied: its bytes belong to the derived object and live as long as it does. `charge` is every byte
  /// the object holds: its size with trailing bytes, and the blocks it keeps alive. What the store itself spends on an
  /// entry (kIndexBytes) is added here.
  Entry(std::string_view key, uint64_t hash, uint64_t charge, int64_t expires_at_ms)
      : key_size_(static_cast<uint32_t>(key.size())),
        key_data_(key.data()),
        hash_(hash),
        expires_at_ms_(expires_at_ms),
        charge_(charge + kIndexBytes) {}

 public:
  /// The store's own bytes for each entry: bucket, expiry heap slot and ghost slot, as they are on average between two
  /// growths, and the allocator's rounding.
  static constexpr uint64_t kIndexBytes = 64;

 private:
  friend class ExpiryHeap;
  friend class S3Fifo;
  friend class Shard;

  static constexpr uint32_t kNotInHeap = std::numeric_limits<uint32_t>::max();
  enum class Queue : uint8_t { none, small, main };

  const uint32_t key_size_;  // Beside the count of references, which leaves no gap.
  Entry* next_in_bucket_ = nullptr;
  const char* key_data_;
  uint64_t hash_;
  int64_t expires_at_ms_;
  uint64_t charge_;
  uint32_t heap_index_ = kNotInHeap;
  Queue queue_ = Queue::none;
  uint8_t hits_ = 0;
};

}  // namespace roost::cache
