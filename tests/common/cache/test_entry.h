#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "common/cache/entry.h"
#include "common/cache/hash.h"

namespace roost::cache {

/// An entry with its key behind it in the same allocation, a value, and a count of how many are alive.
class TestEntry final : public Entry {
 public:
  static Ref<TestEntry> make(std::string_view key, uint64_t charge = 0, int64_t expires_at_ms = kNeverExpires,
                             int value = 0) {
    return make_hashed(key, hash_key(key), charge, expires_at_ms, value);
  }
  static Ref<TestEntry> make_hashed(std::string_view key, uint64_t hash, uint64_t charge = 0,
                                    int64_t expires_at_ms = kNeverExpires, int value = 0) {
    return Ref<TestEntry>::make(Trailing{key.size()}, key, hash, charge, expires_at_ms, value);
  }

  TestEntry(std::string_view key, uint64_t hash, uint64_t charge, int64_t expires_at_ms, int value)
      : Entry(keep(key, this + 1), hash, charge, expires_at_ms), value_(value) {
    alive_.fetch_add(1);
  }
  ~TestEntry() override { alive_.fetch_sub(1); }
  int value() const { return value_; }
  static int alive() { return alive_.load(); }

 private:
  static std::string_view keep(std::string_view key, void* bytes) {
    std::memcpy(bytes, key.data(), key.size());
    return {static_cast<const char*>(bytes), key.size()};
  }
  static inline std::atomic<int> alive_{0};
  int value_;
};

}  // namespace roost::cache
