#pragma once

#include <string>
#include <string_view>

#include "common/http/field_block.h"

namespace roost::http {

/// Fields as "Name: value\r\n" lines and back: the form a FieldBlock is kept in, which only this and the tests of
/// common/http know. `lines` must outlive the view.
inline FieldBlockView fields_of(std::string_view lines) {
  return FieldBlockView::from_bytes(lines);
}
inline std::string text_of(FieldBlockView fields) {
  return std::string(fields.bytes());
}

}  // namespace roost::http
