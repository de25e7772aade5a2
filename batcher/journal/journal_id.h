#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roost::batcher {

/// Identifies a journal: 128 random bits, never reused. Names the journal's directory and its row in the sink.
struct JournalId {
  uint64_t high = 0;
  uint64_t low = 0;

  friend bool operator==(const JournalId&, const JournalId&) = default;
  friend auto operator<=>(const JournalId&, const JournalId&) = default;

  /// 32 lower-case hexadecimal digits.
  std::string hex() const;
  /// The inverse of hex(); nothing for any other text.
  static std::optional<JournalId> parse(std::string_view text);
};

}  // namespace roost::batcher
