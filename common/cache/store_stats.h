#pragma once

#include <cstdint>

namespace roost::cache {

/// Counts since the store was made, but for bytes and entries, which are what it holds now.
struct StoreStats {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t insertions = 0;    ///< Replacements included.
  uint64_t replacements = 0;  ///< Insertions under a key that was there.
  uint64_t refusals = 0;      ///< Insertions of entries that are too large or expired already.
  uint64_t evictions = 0;     ///< Left to make room before their time.
  uint64_t expirations = 0;   ///< Left because their time was over.
  uint64_t erasures = 0;      ///< Left because somebody asked: erase, sweep, clear.
  uint64_t bytes = 0;
  uint64_t entries = 0;
};

}  // namespace roost::cache
