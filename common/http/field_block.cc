#include "common/http/field_block.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"

namespace roost::http {
namespace {

// The lowest set bit tells a zero byte in `word`, the bits above it nothing (Hacker's Delight, 6-1).
uint64_t zero_bytes(uint64_t word) {
  return (word - 0x0101010101010101U) & ~word & 0x8080808080808080U;
}

// Eight bytes at a time, then the rest one by one.
bool ends_a_line(std::string_view value) {
  uint64_t found = 0;
  size_t at = 0;
  for (; value.size() - at >= 8; at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, value.data() + at, 8);
    found |= zero_bytes(word) | zero_bytes(word ^ 0x0d0d0d0d0d0d0d0dU) | zero_bytes(word ^ 0x0a0a0a0a0a0a0a0aU);
  }
  for (; at < value.size(); ++at) {
    const char c = value[at];
    found |= static_cast<uint64_t>(c == '\r' || c == '\n' || c == '\0');
  }
  return found != 0;
}

}  // namespace

FieldBlock::FieldBlock(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  for (const auto& [name, value] : fields) add(name, value);
}

void FieldBlock::add(std::string_view name, std::initializer_list<std::string_view> value) {
  size_t bytes = name.size() + kFieldLineBytes;
  for (const std::string_view piece : value) bytes += piece.size();
  const size_t at = text_.size();
  text_.resize(at + bytes);
  char* to = begin_field_line(text_.data() + at, name);
  for (const std::string_view piece : value) {
    ROOST_CHECK(!ends_a_line(piece));
    to = std::copy(piece.begin(), piece.end(), to);
  }
  end_field_line(to);
}

void FieldBlock::add(std::string_view name, uint64_t value) {
  char digits[20];
  const char* end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  add(name, std::string_view(digits, static_cast<size_t>(end - digits)));
}

}  // namespace roost::http
