#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace roost::batcher {

/// The name of one journal: 128 random bits, never used twice. The sink keeps one row per journal under this name, and
/// the journal's directory carries it too.
struct JournalId {
  uint64_t high = 0;
  uint64_t low = 0;

  friend bool operator==(const JournalId&, const JournalId&) = default;
  friend auto operator<=>(const JournalId&, const JournalId&) = default;

  /// 32 lower-case hexadecimal digits.
  std::string hex() const;
  /// The reverse of hex(); nothing for any other text.
  static std::optional<JournalId> parse(std::string_view text);
};

}  // namespace roost::batcher
