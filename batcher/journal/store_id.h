#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "batcher/journal/journal_id.h"

namespace roost::batcher {

/// Identifies the store that a sink writes to, such as a database: 128 random bits, made once with the store and kept
/// in it. A journal names the store that its likes are for.
struct StoreId {
  uint64_t high = 0;
  uint64_t low = 0;

  friend bool operator==(const StoreId&, const StoreId&) = default;

  /// 32 lower-case hexadecimal digits.
  std::string hex() const { return JournalId{high, low}.hex(); }
  /// The inverse of hex(); nothing for any other text.
  static std::optional<StoreId> parse(std::string_view text) {
    const auto id = JournalId::parse(text);
    if (!id) return std::nullopt;
    return StoreId{id->high, id->low};
  }
};

}  // namespace roost::batcher
