#include "batcher/journal/journal_id.h"

namespace roost::batcher {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

void append_hex(std::string& text, uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) text.push_back(kDigits[(value >> shift) & 0xf]);
}

/// 16 lower-case digits to a number; false for anything else.
bool parse_half(std::string_view digits, uint64_t& value) {
  value = 0;
  for (char c : digits) {
    uint64_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<uint64_t>(c - 'a') + 10;
    } else {
      return false;
    }
    value = value << 4 | digit;
  }
  return true;
}

}  // namespace

std::string JournalId::hex() const {
  std::string text;
  text.reserve(32);
  append_hex(text, high);
  append_hex(text, low);
  return text;
}

std::optional<JournalId> JournalId::parse(std::string_view text) {
  JournalId id;
  if (text.size() != 32 || !parse_half(text.substr(0, 16), id.high) || !parse_half(text.substr(16), id.low)) {
    return std::nullopt;
  }
  return id;
}

}  // namespace roost::batcher
