#include "common/http/field_block.h"

#include <algorithm>
#include <cstring>

#include "common/base/check.h"

namespace roost::http {
namespace {

// Not 0 if a byte at `from` or one of the seven behind it is below 14, as CR, LF and NUL are (Hacker's Delight, 6-1).
uint64_t control_bytes(const char* from) {
  uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return (word - 0x0e0e0e0e0e0e0e0eU) & ~word & 0x8080808080808080U;
}

bool has_line_end(std::string_view value) {
  return std::any_of(value.begin(), value.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// Eight bytes at a time, the last eight maybe twice. A tab is looked at once more.
bool ends_a_line(std::string_view value) {
  if (value.size() < 8) return has_line_end(value);
  const char* last = value.data() + value.size() - 8;
  uint64_t found = control_bytes(last);
  for (const char* at = value.data(); at < last; at += 8) found |= control_bytes(at);
  return found != 0 && has_line_end(value);
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
