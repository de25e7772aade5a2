#pragma once

#include <cstdint>
#include <span>

#include "common/base/block.h"
#include "common/http/field_block.h"
#include "common/http/message.h"
#include "proxy/cache/stored_response.h"

namespace roost::proxy {

/// The answer to a GET or HEAD from what is stored: 304 where the request's conditions say so (RFC 9110 §13), else the
/// whole. Views into the stored response and `more_fields`.
struct StoredAnswer {
  StoredAnswer(const StoredResponse& stored, const http::Fields& request_fields, http::FieldBlockView more_fields);

  http::ResponseStart start;
  std::span<const Slice> body;
};

}  // namespace roost::proxy
