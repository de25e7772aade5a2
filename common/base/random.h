#pragma once

#include <cstdint>

namespace roost {

/// Random numbers for balancing and jitter, never for secrets: SplitMix64 (Steele, Lea, Flood, 2014). One thread; the
/// same seed gives the same numbers, so tests are repeatable.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }
  /// The finisher alone: spreads the bits of `value` over all 64.
  static uint64_t mix(uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
  }

 private:
  uint64_t state_;
};

}  // namespace roost
