#include "common/http/field_block.h"

#include <algorithm>

#include "common/base/check.h"

namespace roost::http {
namespace {

// Without a branch in the loop: values are short, and hold none.
bool ends_a_line(std::string_view value) {
  bool found = false;
  for (const char c : value) found |= (c == '\r') | (c == '\n') | (c == '\0');
  return found;
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
